package dev.millrace.partitioner;

import java.util.List;
import java.util.random.RandomGenerator;

import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.PartitionInfo;

/**
 * A topic's partitions in random order, dealt like cards: every partition once, then the deck is shuffled anew.
 * Independent random picks have the same average but stray much further from it (200 partitions, 10 M records in runs
 * of 160: single partitions are 18 % off with picks, 1 % with the deck). Immutable.
 */
final class PartitionDeck {
    /** The snapshot it was made from; another one may have other partitions and leaders. */
    final Cluster cluster;
    private final int[] cards;

    private PartitionDeck(Cluster cluster, int[] cards) {
        this.cluster = cluster;
        this.cards = cards;
    }

    /** The partitions that have a leader, or all when none has. */
    static PartitionDeck of(String topic, Cluster cluster, RandomGenerator random) {
        List<PartitionInfo> partitions = TopicPartitions.withLeader(topic, cluster);
        int[] cards = new int[partitions.size()];
        for (int i = 0; i < cards.length; i++) {
            cards[i] = partitions.get(i).partition();
        }
        return new PartitionDeck(cluster, shuffle(cards, random));
    }

    PartitionDeck shuffled(RandomGenerator random) {
        return new PartitionDeck(cluster, shuffle(cards.clone(), random));
    }

    /** The same deck with two cards in each other's place. */
    PartitionDeck swapped(int one, int other) {
        int[] changed = cards.clone();
        changed[one] = cards[other];
        changed[other] = cards[one];
        return new PartitionDeck(cluster, changed);
    }

    int size() {
        return cards.length;
    }

    int card(int index) {
        return cards[index];
    }

    /** Where the partition lies in the deck, -1 when it is not in it. */
    int indexOf(int partition) {
        for (int i = 0; i < cards.length; i++) {
            if (cards[i] == partition) {
                return i;
            }
        }
        return -1;
    }

    private static int[] shuffle(int[] cards, RandomGenerator random) {
        for (int left = cards.length; left > 1; left--) {
            int pick = random.nextInt(left);
            int card = cards[pick];
            cards[pick] = cards[left - 1];
            cards[left - 1] = card;
        }
        return cards;
    }
}
