package dev.millrace.partitioner;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

import org.apache.kafka.common.Cluster;

/**
 * One topic's sticky partition: which it is, how much went to it, and when to leave it. Any thread. A record costs a
 * volatile read here and, where it is counted, one atomic add; everything else happens once a switch.
 */
final class StickyTopic {
    /** What a record batch costs before its first record. */
    static final int BATCH_OVERHEAD_BYTES = 61;

    private final String topic;
    private final long batchSize;
    private final NextPartition next;
    /** Null where no engine watches: then {@link #take} counts. */
    private final PartitionLoad load;
    private final Supplier<? extends RandomGenerator> random;
    /** Null before the first record. Whoever wins the exchange has made the switch, the others follow. */
    private final AtomicReference<Sticky> current = new AtomicReference<>();

    StickyTopic(String topic, long batchSize, boolean adaptive, PartitionLoad load,
                Supplier<? extends RandomGenerator> random) {
        this.topic = topic;
        // Below that nobody could tell a run without a record from one that is due.
        this.batchSize = Math.max(batchSize, BATCH_OVERHEAD_BYTES + 1);
        this.next = new NextPartition(topic, adaptive ? load : null);
        this.load = load;
        this.random = random;
    }

    boolean watched() {
        return load != null;
    }

    /** The partition for the next record, whose bytes {@link #appended} will tell. */
    int peek(Cluster cluster) {
        Sticky sticky = current(cluster);
        // A run that is due waits for its batch to fill (see appended). When the batch was sent before that, by linger,
        // nothing is left to wait for.
        if (sticky.bytes.getOpaque() >= batchSize && load.queuedBatches(topic, sticky.partition) == 0) {
            sticky = replace(sticky, switched(sticky, cluster), cluster);
        }
        return sticky.partition;
    }

    /** The partition for a record of so many bytes, counted at once, for nobody tells later. */
    int take(int bytes, Cluster cluster) {
        while (true) {
            Sticky sticky = current(cluster);
            long sum = sticky.bytes.addAndGet(bytes);
            // The switch comes before the record that would not fit. After it, every run would end with a batch of one
            // record. A record larger than a batch has a run of its own.
            if (sum <= batchSize || sum == BATCH_OVERHEAD_BYTES + bytes) {
                return sticky.partition;
            }
            replace(sticky, switched(sticky, cluster), cluster);
        }
    }

    /** See {@link LoadAware#appended}. */
    void appended(int partition, int bytes, boolean batchesFull, Cluster cluster) {
        Sticky sticky = current.get();
        // A record that was on its way while another thread switched belongs to no run.
        if (sticky == null || sticky.partition != partition) {
            return;
        }
        long sum = sticky.bytes.addAndGet(bytes);
        // "One more like this would exceed batch.size" and not "batch.size is reached": a full batch is nearly always a
        // little smaller. Where batches never get full (a long linger.ms, keyed records in between), twice the size
        // ends the run, at the price of a fractional batch.
        boolean due = batchesFull ? sum + bytes > batchSize : sum >= 2 * batchSize;
        if (due && !cluster.partitionsForTopic(topic).isEmpty()) {
            current.compareAndSet(sticky, switched(sticky, cluster));
        }
    }

    private Sticky current(Cluster cluster) {
        Sticky sticky = current.get();
        return sticky != null && sticky.deck.cluster == cluster ? sticky : currentSlowPath(sticky, cluster);
    }

    /** The first record, or the first one with a new snapshot. */
    private Sticky currentSlowPath(Sticky old, Cluster cluster) {
        PartitionDeck deck = PartitionDeck.of(topic, cluster, random.get());
        // The run goes on where its partition still exists and has a leader: most snapshots change nothing of it. Where
        // it does not, records would wait for a partition that may never come back.
        int index = old == null ? -1 : deck.indexOf(old.partition);
        Sticky renewed = index >= 0
                ? new Sticky(deck.withFirst(index), 1, old.bytes)
                : next.deal(deck, 0, random.get());
        return replace(old, renewed, cluster);
    }

    private Sticky switched(Sticky old, Cluster cluster) {
        return old.deck.cluster == cluster
                ? next.deal(old.deck, old.dealt, random.get())
                : next.deal(PartitionDeck.of(topic, cluster, random.get()), 0, random.get());
    }

    /**
     * What is current afterwards. When another thread was faster and has another snapshot than ours, that is what we
     * take too, unless its partition is not in ours: two threads with two snapshots must not chase each other.
     */
    private Sticky replace(Sticky old, Sticky by, Cluster cluster) {
        if (current.compareAndSet(old, by)) {
            return by;
        }
        Sticky theirs = current.get();
        return theirs.deck.cluster == cluster || by.deck.indexOf(theirs.partition) >= 0 ? theirs : by;
    }

    /** A run. Immutable but for the count, which a renewed one shares with the one before it. */
    static final class Sticky {
        final PartitionDeck deck;
        /** How many of the deck's cards were dealt; the last of them is the partition. */
        final int dealt;
        final int partition;
        final AtomicLong bytes;

        Sticky(PartitionDeck deck, int dealt, AtomicLong bytes) {
            this.deck = deck;
            this.dealt = dealt;
            this.partition = deck.card(dealt - 1);
            this.bytes = bytes;
        }
    }
}
