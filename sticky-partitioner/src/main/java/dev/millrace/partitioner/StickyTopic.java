package dev.millrace.partitioner;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntPredicate;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

import org.apache.kafka.common.Cluster;

/**
 * One topic's sticky partitions: which they are, how much went to each, and when to leave it. Any thread. A record costs a
 * volatile read here; an atomic add once a record or, in an engine that counts itself, once a batch; all else once a switch.
 *
 * <p>There is one sticky partition until threads that append to it get into each other's way, which an engine tells by
 * {@link #collided}; then there are more, and threads are spread over them by their ids (stripes, as {@code LongAdder} has
 * cells). They become fewer again when nobody collides any more, for each costs a batch that may be sent half empty.
 */
final class StickyTopic {
    /** What a record batch costs before its first record. */
    static final int BATCH_OVERHEAD_BYTES = 61;

    /** So many collisions within a run are no chance: the engine's own thread is in the way now and then, too. */
    private static final int COLLISIONS_TO_WIDEN = 8;
    /** So many runs a stripe without as many collisions, and there are too many stripes. */
    private static final int CALM_RUNS_TO_NARROW = 256;
    private static final int MAX_STRIPES = 2 * Runtime.getRuntime().availableProcessors();

    private static final IntPredicate NOBODYS = partition -> false;

    private final String topic;
    private final long batchSize;
    private final NextPartition next;
    /** Null where no engine watches: then {@link #take} counts. */
    private final PartitionLoad load;
    private final Supplier<? extends RandomGenerator> random;
    /** Null before the first record. Whoever wins the exchange has made the switch, the others follow. */
    private final AtomicReference<Runs> current = new AtomicReference<>();
    /** Since the last switch; any thread, and only about exact. */
    private final AtomicInteger collisions = new AtomicInteger();

    StickyTopic(String topic, long batchSize, boolean adaptive, PartitionLoad load,
                Supplier<? extends RandomGenerator> random) {
        this.topic = topic;
        // Below that nobody could tell a run without a record from one that is due.
        this.batchSize = Math.max(batchSize, BATCH_OVERHEAD_BYTES + 1);
        this.next = new NextPartition(topic, adaptive ? load : null);
        this.load = load;
        this.random = random;
    }

    String topic() {
        return topic;
    }

    boolean watched() {
        return load != null;
    }

    /** The partition for the next record, whose bytes {@link #appended} will tell. */
    int peek(Cluster cluster) {
        Runs runs = current(cluster);
        Run run = runs.mine();
        // A run that is due waits for its batch to fill (see appended). When the batch was sent before that, by linger,
        // nothing is left to wait for.
        if (run.bytes() >= batchSize && load.queuedBatches(topic, run.partition) == 0) {
            return replace(runs, switched(runs, run, cluster), cluster).mine().partition;
        }
        return run.partition;
    }

    /** The partition for a record of so many bytes, counted at once, for nobody tells later. */
    int take(int bytes, Cluster cluster) {
        while (true) {
            Runs runs = current(cluster);
            Run run = runs.mine();
            long sum = run.add(bytes);
            // The switch comes before the record that would not fit. After it, every run would end with a batch of one
            // record. A record larger than a batch has a run of its own.
            if (sum <= batchSize || sum == BATCH_OVERHEAD_BYTES + bytes) {
                return run.partition;
            }
            replace(runs, switched(runs, run, cluster), cluster);
        }
    }

    /** See {@link LoadAware#appended}. */
    void appended(int partition, int bytes, boolean batchesFull, Cluster cluster) {
        Runs runs = current.get();
        // A record that was on its way while another thread switched belongs to no run.
        Run run = runs == null ? null : runs.mine();
        if (run == null || run.partition != partition) {
            return;
        }
        long sum = run.add(bytes);
        // "One more like this would exceed batch.size" and not "batch.size is reached": a full batch is nearly always a
        // little smaller. Where batches never get full (a long linger.ms, keyed records in between), twice the size
        // ends the run, at the price of a fractional batch.
        if ((batchesFull ? sum + bytes > batchSize : sum >= 2 * batchSize) && !cluster.partitionsForTopic(topic).isEmpty()) {
            leave(run, cluster);
        }
    }

    /** Another stripe's switch is not to make this one's fail: then the engine would fill two batches of the partition. */
    private void leave(Run run, Cluster cluster) {
        for (Runs runs = current.get(); runs.mine() == run; runs = current.get()) {
            if (current.compareAndSet(runs, switched(runs, run, cluster))) {
                return;
            }
        }
    }

    /** See {@link LoadAware#collided}. */
    void collided() {
        collisions.incrementAndGet();
    }

    private Runs current(Cluster cluster) {
        Runs runs = current.get();
        return runs != null && runs.deck().cluster == cluster ? runs : currentSlowPath(runs, cluster);
    }

    /** The first record, or the first one with a new snapshot. */
    private Runs currentSlowPath(Runs old, Cluster cluster) {
        return replace(old, old == null ? first(cluster) : renewed(old, cluster), cluster);
    }

    private Runs first(Cluster cluster) {
        Dealt dealt = next.deal(new Dealt(PartitionDeck.of(topic, cluster, random.get()), 0), NOBODYS, random.get());
        return new Runs(dealt, new Run[] {new Run(dealt.partition(), 1)}, 1, 0);
    }

    /**
     * Runs go on where their partition still exists and has a leader: most snapshots change nothing of it. Where it does not,
     * records would wait for a partition that may never come back.
     */
    private Runs renewed(Runs old, Cluster cluster) {
        Dealt dealt = new Dealt(PartitionDeck.of(topic, cluster, random.get()), 0);
        for (Run run : old.runs) {
            int index = dealt.deck().indexOf(run.partition);
            if (index >= dealt.cards()) {
                dealt = new Dealt(dealt.deck().swapped(dealt.cards(), index), dealt.cards() + 1);
            }
        }
        Run[] runs = old.runs.clone();
        long number = old.number;
        for (int i = 0; i < runs.length; i++) {
            if (dealt.deck().indexOf(runs[i].partition) < 0) {
                dealt = next.deal(dealt, NOBODYS, random.get());
                runs[i] = new Run(dealt.partition(), ++number);
            }
        }
        return new Runs(dealt, runs, number, old.calm);
    }

    /** With another partition for one stripe, and a stripe more or less if there is reason. */
    private Runs switched(Runs old, Run left, Cluster cluster) {
        Dealt from = old.deck().cluster == cluster ? old.dealt : new Dealt(PartitionDeck.of(topic, cluster, random.get()), 0);
        Run[] runs = old.runs.clone();
        int mine = old.indexOf(left);
        // A lambda that captures costs an object, and nearly always there is nobody to make room for.
        IntPredicate taken = runs.length == 1 ? NOBODYS : partition -> old.isTaken(partition, left);
        Dealt dealt = next.deal(from, taken, random.get());
        runs[mine] = new Run(dealt.partition(), old.number + 1);
        int stripes = runs.length;
        // One partition is left over, or a stripe would have nowhere to go, and its partition all that its threads send.
        int most = Math.min(MAX_STRIPES, dealt.deck().size() - 1);
        int calm = collisions.getAndSet(0) < COLLISIONS_TO_WIDEN ? old.calm + 1 : 0;
        if (calm == 0 && stripes < most) {
            return widened(dealt, runs, old.number + 1);
        }
        if (stripes > 1 && (stripes > most || calm >= CALM_RUNS_TO_NARROW * stripes)) {
            return new Runs(dealt, Arrays.copyOf(runs, stripes - 1), old.number + 1, 0);
        }
        return new Runs(dealt, runs, old.number + 1, calm);
    }

    private Runs widened(Dealt from, Run[] runs, long number) {
        Run[] wider = Arrays.copyOf(runs, runs.length + 1);
        Dealt dealt = next.deal(from, partition -> Arrays.stream(runs).anyMatch(run -> run.partition == partition), random.get());
        wider[runs.length] = new Run(dealt.partition(), number + 1);
        return new Runs(dealt, wider, number + 1, 0);
    }

    /**
     * What is current afterwards. When another thread was faster and has another snapshot than ours, that is what we
     * take too, unless its partition is not in ours: two threads with two snapshots must not chase each other.
     */
    private Runs replace(Runs old, Runs by, Cluster cluster) {
        if (current.compareAndSet(old, by)) {
            return by;
        }
        Runs theirs = current.get();
        return theirs.deck().cluster == cluster || by.deck().indexOf(theirs.mine().partition) >= 0 ? theirs : by;
    }

    /** A deck, and how many of its cards were dealt; the last of them is the partition dealt last. */
    record Dealt(PartitionDeck deck, int cards) {
        int partition() {
            return deck.card(cards - 1);
        }
    }

    /** A stay on a partition; a new snapshot does not end it. The number grows with each that begins. */
    private static final class Run {
        private static final VarHandle BYTES;

        static {
            try {
                BYTES = MethodHandles.lookup().findVarHandle(Run.class, "bytes", long.class);
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        final int partition;
        final long number;
        /** Any thread, through BYTES: it need not be exact when it is only looked at. */
        private long bytes = BATCH_OVERHEAD_BYTES;

        Run(int partition, long number) {
            this.partition = partition;
            this.number = number;
        }

        long bytes() {
            return (long) BYTES.getOpaque(this);
        }

        long add(int more) {
            return (long) BYTES.getAndAdd(this, (long) more) + more;
        }
    }

    /** The runs of all stripes. Immutable but for the runs' counts. */
    private static final class Runs {
        final Dealt dealt;
        final Run[] runs;
        /** Of the run that began last. */
        final long number;
        /** Switches since the last that came with collisions. */
        final int calm;

        Runs(Dealt dealt, Run[] runs, long number, int calm) {
            this.dealt = dealt;
            this.runs = runs;
            this.number = number;
            this.calm = calm;
        }

        /** The calling thread's. */
        Run mine() {
            int stripes = runs.length;
            if (stripes == 1) {
                return runs[0];
            }
            int thread = (int) Thread.currentThread().getId() & Integer.MAX_VALUE;
            // A division a record was seen in profiles; powers of two do without.
            return runs[(stripes & stripes - 1) == 0 ? thread & stripes - 1 : thread % stripes];
        }

        PartitionDeck deck() {
            return dealt.deck();
        }

        int indexOf(Run run) {
            return Arrays.asList(runs).indexOf(run);
        }

        /**
         * Whether threads of another stripe write to the partition, and switch about as often as those that leave {@code left}.
         * Where they are slower, they are in nobody's way, and their partition should not be left to them alone.
         */
        boolean isTaken(int partition, Run left) {
            for (Run run : runs) {
                if (run.partition == partition && run != left && run.number > left.number) {
                    return true;
                }
            }
            return false;
        }
    }
}
