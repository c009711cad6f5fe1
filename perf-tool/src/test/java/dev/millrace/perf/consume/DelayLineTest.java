package dev.millrace.perf.consume;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;

class DelayLineTest {
    @Test
    void shouldCompleteEachNotBeforeItsTimeWhoeverAsks() throws Exception {
        long nanos = TimeUnit.MICROSECONDS.toNanos(300);
        LongAdder tooEarly = new LongAdder();
        LongAdder done = new LongAdder();
        try (DelayLine line = new DelayLine(nanos)) {
            List<Thread> threads = new ArrayList<>();
            List<CompletableFuture<?>> last = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                CompletableFuture<Void> lastOfThread = new CompletableFuture<>();
                last.add(lastOfThread);
                threads.add(new Thread(() -> {
                    List<CompletableFuture<?>> stages = new ArrayList<>();
                    for (int j = 0; j < 5_000; j++) {
                        long startNs = System.nanoTime();
                        stages.add((CompletableFuture<?>) line.add(startNs, endNs -> {
                            done.increment();
                            if (endNs - startNs < nanos) {
                                tooEarly.increment();
                            }
                        }));
                        if (j % 1_000 == 0) {
                            // The line runs empty, and has to be woken.
                            stages.get(j).join();
                        }
                    }
                    CompletableFuture.allOf(stages.toArray(CompletableFuture[]::new)).join();
                    lastOfThread.complete(null);
                }));
            }
            threads.forEach(Thread::start);
            CompletableFuture.allOf(last.toArray(CompletableFuture[]::new)).get(1, TimeUnit.MINUTES);
        }
        assertEquals(15_000, done.sum());
        assertEquals(0, tooEarly.sum());
    }
}
