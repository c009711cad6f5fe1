package dev.millrace.partitioner;

import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;

/**
 * The choice at a switch. Every partition gets its turn from the deck, and takes it with a probability that falls with
 * its queue, so that the frequencies are those of KIP-794: with queues q, partition i comes up in proportion to
 * max(q) + 1 - q[i]; a partition whose leader does not answer is left out. No state; any thread.
 */
final class NextPartition {
    /**
     * How many queues are looked at for the shortest and the longest. All of them in a topic with no more partitions;
     * in a larger one a random sample, or the look would cost more than the records of the run.
     */
    static final int SAMPLE = 64;

    private final String topic;
    /** Null: not known, or not to be regarded. */
    private final PartitionLoad load;

    NextPartition(String topic, PartitionLoad load) {
        this.topic = topic;
        this.load = load;
    }

    /** A new run, on a partition behind the first {@code dealt} cards of the deck or in a new one. */
    StickyTopic.Sticky deal(PartitionDeck deck, int dealt, RandomGenerator random) {
        if (load == null || deck.size() == 1) {
            return nextCard(deck, dealt, random);
        }
        return dealByLoad(deck, dealt, random);
    }

    private StickyTopic.Sticky dealByLoad(PartitionDeck from, int fromDealt, RandomGenerator random) {
        int shortest = Integer.MAX_VALUE;
        int longest = 0;
        int size = from.size();
        for (int i = 0; i < Math.min(size, SAMPLE); i++) {
            int partition = from.card((fromDealt + i) % size);
            if (load.available(topic, partition)) {
                int queued = load.queuedBatches(topic, partition);
                shortest = Math.min(shortest, queued);
                longest = Math.max(longest, queued);
            }
        }
        PartitionDeck deck = from;
        int dealt = fromDealt;
        // Twice around comes past everyone at least once, and the shortest queue is always taken: it ends early
        // unless queues grow under us or nobody answers.
        for (int turn = 0; turn < 2 * size; turn++) {
            if (dealt == size) {
                deck = deck.shuffled(random);
                dealt = 0;
            }
            int partition = deck.card(dealt++);
            if (load.available(topic, partition)
                    && takesTurn(load.queuedBatches(topic, partition), shortest, longest, random)) {
                return new StickyTopic.Sticky(deck, dealt, counter());
            }
        }
        return nextCard(deck, dealt, random);
    }

    private static boolean takesTurn(int queued, int shortest, int longest, RandomGenerator random) {
        return queued <= shortest || random.nextInt(longest + 1 - shortest) < longest + 1 - queued;
    }

    private static StickyTopic.Sticky nextCard(PartitionDeck deck, int dealt, RandomGenerator random) {
        return dealt < deck.size()
                ? new StickyTopic.Sticky(deck, dealt + 1, counter())
                : new StickyTopic.Sticky(deck.shuffled(random), 1, counter());
    }

    private static AtomicLong counter() {
        return new AtomicLong(StickyTopic.BATCH_OVERHEAD_BYTES);
    }
}
