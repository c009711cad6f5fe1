package dev.millrace.perf.jmh;

import dev.millrace.internal.producer.accumulate.BufferPool;
import dev.millrace.internal.producer.metrics.BufferPoolMetrics;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.utils.Time;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * {@code buffer.memory}: one operation takes a buffer of 64 KiB, holds it for the time of a few records and gives it back,
 * Millrace's pool beside Kafka's, both with their metrics. {@code plenty}: one thread, memory for 512 buffers. {@code shortage}: four
 * threads and memory for two, so that most have to wait for their turn. In operations per microsecond of all threads together.
 *
 * <p>{@code millrace-perf jmh BufferPoolBenchmark -- -prof cpu -prof gc}
 *
 * <p><b>Not in the figure:</b> zeroing of new buffers, for they are reused after the first time; what a producer does to get memory
 * back under shortage. A producer takes one buffer per batch, not per record. Four waiting threads on two processors
 * measure the kernel's thread switches above all.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class BufferPoolBenchmark {
    private static final int BUFFER = 1 << 16;
    private static final long MAX_BLOCK_MS = 60_000;
    /** In units of JMH's, about a nanosecond each. */
    private static final int HELD = 200;

    /** Two pools with room for so many buffers. */
    private static final class Pools {
        private final Metrics metrics = new Metrics();
        private final Metrics kafkaMetrics = new Metrics();
        final BufferPool millrace;
        final org.apache.kafka.clients.producer.internals.BufferPool kafka;

        Pools(int buffers) {
            BufferPoolMetrics poolMetrics = new BufferPoolMetrics(metrics);
            long total = (long) buffers * BUFFER;
            millrace = new BufferPool(total, BUFFER, BUFFER, new BufferPool.Observer() {
                @Override
                public void waited(long waitedNs) {
                    poolMetrics.waited(waitedNs, Time.SYSTEM.milliseconds());
                }

                @Override
                public void exhausted() {
                    poolMetrics.exhausted();
                }
            }, Time.SYSTEM);
            kafka = new org.apache.kafka.clients.producer.internals.BufferPool(total, BUFFER, kafkaMetrics, Time.SYSTEM,
                    "producer-metrics");
        }

        void close() {
            metrics.close();
            kafkaMetrics.close();
        }
    }

    /** Never short. */
    @State(Scope.Benchmark)
    public static class Plenty {
        private Pools pools;

        @Setup(Level.Trial)
        public void open() {
            pools = new Pools(512);
        }

        @TearDown(Level.Trial)
        public void close() {
            pools.close();
        }
    }

    /** Short when more than two threads want a buffer. */
    @State(Scope.Benchmark)
    public static class Shortage {
        private Pools pools;

        @Setup(Level.Trial)
        public void open() {
            pools = new Pools(2);
        }

        @TearDown(Level.Trial)
        public void close() {
            pools.close();
        }
    }

    @Benchmark
    public void plentyMillrace(Plenty plenty) throws InterruptedException {
        takeAndRelease(plenty.pools.millrace);
    }

    @Benchmark
    public void plentyKafka(Plenty plenty) throws InterruptedException {
        takeAndRelease(plenty.pools.kafka);
    }

    @Benchmark
    @Threads(4)
    public void shortageMillrace(Shortage shortage) throws InterruptedException {
        takeAndRelease(shortage.pools.millrace);
    }

    @Benchmark
    @Threads(4)
    public void shortageKafka(Shortage shortage) throws InterruptedException {
        takeAndRelease(shortage.pools.kafka);
    }

    private static void takeAndRelease(BufferPool pool) throws InterruptedException {
        byte[] buffer = pool.allocate(BUFFER, MAX_BLOCK_MS);
        Blackhole.consumeCPU(HELD);
        pool.release(buffer);
    }

    private static void takeAndRelease(org.apache.kafka.clients.producer.internals.BufferPool pool) throws InterruptedException {
        ByteBuffer buffer = pool.allocate(BUFFER, MAX_BLOCK_MS);
        Blackhole.consumeCPU(HELD);
        pool.deallocate(buffer);
    }
}
