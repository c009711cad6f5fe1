package dev.millrace.internal.consumer.work;

import java.nio.ByteBuffer;
import org.apache.kafka.common.TopicPartition;

/**
 * A lane for each key that has records on their way, and for many that had some: a table with chains. Poll thread only.
 *
 * <p>A lane that is not idle is never given up, so a key stays in its lane when its partition is lost and won again: an old handler that
 * still runs and a new one of the same key are never at work at once in this process.
 */
final class Lanes {

    private static final int FIRST_SIZE = 1 << 10;
    /** So many are kept, idle or not; beyond it those that are idle go first. */
    static final int KEPT = 1 << 16;

    private Lane[] table = new Lane[FIRST_SIZE];
    private int count;
    private int mostBeforeSweep = KEPT;

    Lane of(AssignedPartition partition, ByteBuffer key) {
        TopicPartition topicPartition = partition.topicPartition();
        int hash = hash(topicPartition, key);
        for (Lane lane = table[hash & table.length - 1]; lane != null; lane = lane.neighbour)
            if (lane.isOf(topicPartition, key, hash))
                return lane;
        return make(partition, key, hash);
    }

    private Lane make(AssignedPartition partition, ByteBuffer key, int hash) {
        if (count >= mostBeforeSweep)
            sweep();
        if (count >= table.length)
            grow();
        // A copy: the buffer may be part of a whole fetch response, and be lent to a handler, who moves it.
        ByteBuffer copy = ByteBuffer.allocate(key.remaining()).put(key.duplicate()).flip();
        Lane lane = new Lane(partition.level(), partition.topicPartition(), copy, hash);
        put(table, lane);
        count++;
        return lane;
    }

    private static void put(Lane[] table, Lane lane) {
        int place = lane.hash() & table.length - 1;
        lane.neighbour = table[place];
        table[place] = lane;
    }

    private void grow() {
        Lane[] larger = new Lane[table.length * 2];
        for (Lane head : table)
            for (Lane lane = head; lane != null; ) {
                Lane next = lane.neighbour;
                put(larger, lane);
                lane = next;
            }
        table = larger;
    }

    /** Gives up the idle ones. What is left is bounded by the records on their way; the next time is when there are twice as many. */
    private void sweep() {
        for (int place = 0; place < table.length; place++) {
            Lane kept = null;
            for (Lane lane = table[place]; lane != null; ) {
                Lane next = lane.neighbour;
                if (lane.isIdle()) {
                    count--;
                } else {
                    lane.neighbour = kept;
                    kept = lane;
                }
                lane = next;
            }
            table[place] = kept;
        }
        mostBeforeSweep = Math.max(KEPT, count * 2);
    }

    int count() {
        return count;
    }

    private static int hash(TopicPartition partition, ByteBuffer key) {
        int hash = key.hashCode() * 31 + partition.hashCode();
        // Both are sums of small products: the upper bits have to come down (finalizer of MurmurHash3).
        hash = (hash ^ hash >>> 16) * 0x85ebca6b;
        hash = (hash ^ hash >>> 13) * 0xc2b2ae35;
        return hash ^ hash >>> 16;
    }
}
