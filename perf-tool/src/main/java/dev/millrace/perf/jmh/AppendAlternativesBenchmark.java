package dev.millrace.perf.jmh;

import dev.millrace.perf.load.RecordData;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Ways to let threads append to one and the same partition: one operation writes a record with a value of 100 bytes into the
 * open batch of 64 KiB, with its result object, and seals the batch when it is full. {@code synchronized} and {@code
 * reentrantLock} hold a lock for one record's encoding ({@link LockedAppender}; the engine has the former); {@code claim} claims
 * space by fetch-and-add, copies without a lock, and waits for the other claimants when it seals ({@link ClaimingAppender}). In
 * records per microsecond of all threads together.
 *
 * <p>{@code millrace-perf jmh AppendAlternatives -- -prof cpu -prof gc -t 1}; the same with {@code -t 2}, {@code 4}, {@code 8}.
 *
 * <p><b>Not in the figure:</b> everything else of a send: the clock, serializers, partitioner, memory's bound, compression,
 * checksums. That makes the share of the lock as large as it can be; a whole append takes several times as long (see
 * {@link AppendBenchmark}), and the engine sends threads that collide to partitions of their own.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Benchmark)
@Fork(value = 1, jvmArgsAppend = {"-Xms1g", "-Xmx1g"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class AppendAlternativesBenchmark {
    private static final long START_MS = 1_790_000_000_000L;
    /** So many records of a thread share a timestamp. */
    private static final int PER_MS = 1 << 10;

    @Param({"synchronized", "reentrantLock", "claim"})
    String way;

    private PartitionAppender partition;

    /** Values and timestamps in turn; each thread's own. */
    @State(Scope.Thread)
    public static class Records {
        private final byte[][] values = RecordData.generated(100, 1);
        private int next;
        private long sent;

        byte[] nextValue() {
            next = next + 1 == values.length ? 0 : next + 1;
            return values[next];
        }

        long nextTimestamp() {
            return START_MS + sent++ / PER_MS;
        }
    }

    @Setup(Level.Trial)
    public void start() {
        partition = appender(way, START_MS, (records, end, count, base, max) -> { });
    }

    static PartitionAppender appender(String way, long startTimestamp, PartitionAppender.Sealed sealed) {
        return switch (way) {
            case "synchronized" -> new LockedAppender.Synchronized(sealed);
            case "reentrantLock" -> new LockedAppender.Reentrant(sealed);
            case "claim" -> new ClaimingAppender(sealed, startTimestamp);
            default -> throw new IllegalArgumentException("way=" + way + ": there is synchronized, reentrantLock and claim");
        };
    }

    @Benchmark
    public Object append(Records records) {
        return partition.append(records.nextTimestamp(), records.nextValue());
    }
}
