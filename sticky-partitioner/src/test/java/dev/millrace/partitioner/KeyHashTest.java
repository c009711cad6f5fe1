package dev.millrace.partitioner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.random.RandomGenerator;

import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.utils.Utils;
import org.junit.jupiter.api.Test;

class KeyHashTest {
    private static final int[] COUNTS = {1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 31, 32, 48, 50, 64, 97, 100, 128, 200,
        255, 256, 500, 999, 1000, 1024, 4096, 10_007, 100_000, Integer.MAX_VALUE};

    @Test
    void shouldPutHundredThousandKeysWhereKafkaPutsThem() {
        RandomGenerator random = Topics.random("KeyHashTest", 20261121L);
        for (int i = 0; i < 100_000; i++) {
            byte[] key = new byte[random.nextInt(41)];
            random.nextBytes(key);
            assertAsKafka(key);
        }
    }

    @Test
    void shouldAgreeWithKafkaForEveryLengthAndByteValue() {
        for (int length = 0; length <= 40; length++) {
            for (int b = 0; b < 256; b++) {
                byte[] key = new byte[length];
                Arrays.fill(key, (byte) b);
                assertAsKafka(key);
            }
        }
    }

    @Test
    void shouldAgreeWithKafkaForTextKeysAndLongOnes() {
        RandomGenerator random = Topics.random("KeyHashTest long keys", 7L);
        for (int i = 0; i < 20_000; i++) {
            assertAsKafka(("order-" + i).getBytes(StandardCharsets.UTF_8));
        }
        for (int length : new int[] {1023, 1024, 65_537, 1_000_003}) {
            byte[] key = new byte[length];
            random.nextBytes(key);
            assertAsKafka(key);
        }
    }

    @Test
    void shouldKnowTheHashesOthersPublished() {
        // Kafka's own expectations, which clients in other languages carry in their tests too.
        assertEquals(-973932308, KeyHash.murmur2("21".getBytes(StandardCharsets.UTF_8)));
        assertEquals(-790332482, KeyHash.murmur2("foobar".getBytes(StandardCharsets.UTF_8)));
        assertEquals(-985981536, KeyHash.murmur2("a-little-bit-long-string".getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void shouldSayWhatIsWrongWithoutPartitions() {
        for (int count : new int[] {0, -1, Integer.MIN_VALUE}) {
            String message = assertThrows(IllegalArgumentException.class,
                    () -> KeyHash.partition(new byte[3], count)).getMessage();
            assertTrue(message.contains("found " + count), message);
        }
    }

    private static void assertAsKafka(byte[] key) {
        assertEquals(Utils.murmur2(key), KeyHash.murmur2(key), () -> "murmur2 of " + Arrays.toString(key));
        for (int count : COUNTS) {
            assertEquals(BuiltInPartitioner.partitionForKey(key, count), KeyHash.partition(key, count),
                    () -> "partition of " + Arrays.toString(key) + " of " + count);
        }
    }
}
