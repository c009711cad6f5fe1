package dev.millrace.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** One codec used by many threads at once, calls that fail among them. */
class CodecThreadsTest {
    private static final long SEED = Long.getLong("millrace.seed", 20261121L);
    private static final int THREADS = 16;

    @ParameterizedTest
    @MethodSource("dev.millrace.codec.Subject#types")
    @Timeout(180)
    void shouldServeManyThreadsAtOnce(Subject subject) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(THREADS);
        try {
            List<Callable<Void>> users = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                Random random = new Random(SEED + i);
                users.add(() -> {
                    for (int round = 0; round < 60; round++) {
                        useOnce(subject, random);
                    }
                    return null;
                });
            }
            for (Future<Void> user : executor.invokeAll(users)) {
                user.get();
            }
        } finally {
            executor.shutdownNow();
            assertTrue(executor.awaitTermination(10, TimeUnit.SECONDS));
        }
    }

    private static void useOnce(Subject subject, Random random) {
        TestData data = TestData.values()[random.nextInt(TestData.values().length)];
        byte[] plain = data.bytes(1 + random.nextInt(random.nextInt(8) == 0 ? 500_000 : 50_000), random);
        byte[] compressed = subject.compress(plain);
        assertArrayEquals(plain, subject.decompress(compressed, plain.length), () -> "-Dmillrace.seed=" + SEED);
        assertThrows(CodecException.class, () -> subject.decompress(compressed, plain.length - 1));
        assertThrows(CodecException.class,
                () -> subject.codec().compress(plain, 0, plain.length, new byte[compressed.length / 2], 0));
        byte[] fromKafka = KafkaCompression.compress(subject.kafka(), plain);
        byte[] into = new byte[plain.length + 10];
        int length = subject.codec().decompress(fromKafka, 0, fromKafka.length, into, 10);
        assertArrayEquals(plain, Arrays.copyOfRange(into, 10, 10 + length), () -> "-Dmillrace.seed=" + SEED);
    }
}
