package dev.millrace.perf.jmh;

import dev.millrace.internal.producer.batch.Varint;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.utils.ByteBufferOutputStream;
import org.apache.kafka.common.utils.ByteUtils;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Variable-length integers, Millrace's beside Kafka's {@code ByteUtils}: one operation sizes, writes or reads one {@code int},
 * 1,024 of them in a row. {@code bytes} is how long they are: all of one byte, or of one to three bytes in random order, which no
 * branch predictor learns. {@code writeKafkaStream} is the way Kafka's producer takes, through a {@code DataOutputStream}.
 *
 * <p>{@code millrace-perf jmh VarintBenchmark -- -prof cpu}
 *
 * <p><b>Not in the figure:</b> anything around the integers. A record has four to six of them.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class VarintBenchmark {
    private static final int COUNT = 1024;

    @Param({"1", "1-3"})
    String bytes;

    private final int[] values = new int[COUNT];
    private final byte[] array = new byte[5 * COUNT];
    private final ByteBuffer buffer = ByteBuffer.allocate(5 * COUNT);
    private final ByteBufferOutputStream stream = new ByteBufferOutputStream(ByteBuffer.allocate(5 * COUNT));
    private final DataOutputStream out = new DataOutputStream(stream);

    @Setup(Level.Trial)
    public void fill() {
        Random random = new Random(1);
        for (int i = 0; i < COUNT; i++) {
            // Zigzag halves the range: 6, 13 and 20 bits.
            int bits = bytes.equals("1") ? 6 : 6 + 7 * random.nextInt(3);
            values[i] = random.nextInt(1 << bits) | 1 << bits - 1;
        }
        int length = writeMillrace();
        if (length != writeKafkaBuffer() || !ByteBuffer.wrap(array, 0, length).equals(buffer.duplicate().flip())
                || readMillrace() != readKafka() || sizeMillrace() != sizeKafka()) {
            throw new IllegalStateException("Millrace and Kafka differ");
        }
    }

    @Benchmark
    @OperationsPerInvocation(COUNT)
    public int sizeMillrace() {
        int sum = 0;
        for (int value : values) {
            sum += Varint.sizeOf(value);
        }
        return sum;
    }

    @Benchmark
    @OperationsPerInvocation(COUNT)
    public int sizeKafka() {
        int sum = 0;
        for (int value : values) {
            sum += ByteUtils.sizeOfVarint(value);
        }
        return sum;
    }

    @Benchmark
    @OperationsPerInvocation(COUNT)
    public int writeMillrace() {
        int at = 0;
        for (int value : values) {
            at = Varint.write(array, at, value);
        }
        return at;
    }

    @Benchmark
    @OperationsPerInvocation(COUNT)
    public int writeKafkaBuffer() {
        buffer.clear();
        for (int value : values) {
            ByteUtils.writeVarint(value, buffer);
        }
        return buffer.position();
    }

    @Benchmark
    @OperationsPerInvocation(COUNT)
    public int writeKafkaStream() throws IOException {
        stream.position(0);
        for (int value : values) {
            ByteUtils.writeVarint(value, out);
        }
        return stream.position();
    }

    @Benchmark
    @OperationsPerInvocation(COUNT)
    public long readMillrace() {
        long sum = 0;
        for (int i = 0, at = 0; i < COUNT; i++) {
            long value = Varint.read(array, at);
            at += Varint.sizeOf(value);
            sum += value;
        }
        return sum;
    }

    @Benchmark
    @OperationsPerInvocation(COUNT)
    public long readKafka() {
        long sum = 0;
        buffer.position(0);
        for (int i = 0; i < COUNT; i++) {
            sum += ByteUtils.readVarint(buffer);
        }
        return sum;
    }
}
