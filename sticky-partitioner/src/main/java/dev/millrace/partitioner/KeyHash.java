package dev.millrace.partitioner;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Where a key goes: the same partition every Kafka client with the Java client's default hash puts it, murmur2 of the
 * serialized key, so that producers of both kinds can share a topic.
 */
public final class KeyHash {
    private static final VarHandle INT_LE =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    /** Part of the contract between Kafka's clients, like the algorithm itself. */
    private static final int SEED = 0x9747b28c;
    private static final int M = 0x5bd1e995;

    private KeyHash() {
    }

    /**
     * The partition of a key. Any thread; no allocation.
     *
     * @param keyBytes      the serialized key, may be empty
     * @param numPartitions of all partitions of the topic, those without a leader too; 1 or more
     * @return 0 to {@code numPartitions - 1}
     * @throws IllegalArgumentException when {@code numPartitions} is less than 1
     */
    public static int partition(byte[] keyBytes, int numPartitions) {
        if (numPartitions < 1) {
            throw new IllegalArgumentException("A key needs at least 1 partition to go to, found " + numPartitions
                    + "; wait for the topic's metadata first");
        }
        return (murmur2(keyBytes) & 0x7fffffff) % numPartitions;
    }

    /** MurmurHash2 (Austin Appleby, public domain), 32 bits, little-endian, with Kafka's seed. */
    static int murmur2(byte[] data) {
        int hash = SEED ^ data.length;
        int at = 0;
        for (int end = data.length & ~3; at < end; at += 4) {
            hash = hash * M ^ mix((int) INT_LE.get(data, at));
        }
        if (at < data.length) {
            int tail = 0;
            for (int i = data.length - 1; i >= at; i--) {
                tail = tail << 8 | data[i] & 0xff;
            }
            hash = (hash ^ tail) * M;
        }
        hash = (hash ^ hash >>> 13) * M;
        return hash ^ hash >>> 15;
    }

    private static int mix(int word) {
        int k = word * M;
        return (k ^ k >>> 24) * M;
    }
}
