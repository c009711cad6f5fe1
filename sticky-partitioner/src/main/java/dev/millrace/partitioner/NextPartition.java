package dev.millrace.partitioner;

import java.util.function.IntPredicate;
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

    /** One card more, of the same deck or of a new one; a partition that is avoided only when all are. */
    StickyTopic.Dealt deal(StickyTopic.Dealt from, IntPredicate avoided, RandomGenerator random) {
        int size = from.deck().size();
        if (size == 1) {
            return from.cards() == 0 ? new StickyTopic.Dealt(from.deck(), 1) : from;
        }
        int shortest = 0;
        int longest = 0;
        if (load != null) {
            shortest = Integer.MAX_VALUE;
            for (int i = 0; i < Math.min(size, SAMPLE); i++) {
                int partition = from.deck().card((from.cards() + i) % size);
                if (load.available(topic, partition)) {
                    int queued = load.queuedBatches(topic, partition);
                    shortest = Math.min(shortest, queued);
                    longest = Math.max(longest, queued);
                }
            }
        }
        PartitionDeck deck = from.deck();
        int cards = from.cards();
        // Twice around comes past everyone at least once, and the shortest queue is always taken: it ends early
        // unless queues grow under us, nobody answers, or all are avoided. Then the next one is as good as any.
        for (int turn = 0; turn <= 2 * size; turn++) {
            if (cards == size) {
                deck = deck.shuffled(random);
                cards = 0;
            }
            int partition = deck.card(cards++);
            if (turn == 2 * size || !avoided.test(partition) && (load == null || load.available(topic, partition)
                    && takesTurn(load.queuedBatches(topic, partition), shortest, longest, random))) {
                break;
            }
        }
        return new StickyTopic.Dealt(deck, cards);
    }

    private static boolean takesTurn(int queued, int shortest, int longest, RandomGenerator random) {
        return queued <= shortest || random.nextInt(longest + 1 - shortest) < longest + 1 - queued;
    }
}
