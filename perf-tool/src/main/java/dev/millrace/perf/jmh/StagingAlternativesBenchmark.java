package dev.millrace.perf.jmh;

import dev.millrace.internal.producer.batch.Varint;
import dev.millrace.perf.load.RecordData;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
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
 * Where records are staged on their way to the socket, which wants direct memory: one operation encodes a batch of 64 KiB and
 * computes its checksum. {@code heapThenCopy} does so in an array and copies the whole once into a direct buffer (the engine's
 * way); {@code direct} writes each field into the direct buffer; {@code directByLongs} does too, but copies values
 * eight bytes at a time where the JDK's bulk put calls a stub. The bytes are the same, which is checked before.
 *
 * <p>{@code millrace-perf jmh StagingAlternatives}; {@code -p valueBytes=100,1000} for larger values.
 *
 * <p>Times are sampled; compare medians (p0.50).
 *
 * <p><b>Not in the figure:</b> locks, result objects, allocation (direct buffers are dear to allocate and so would be pooled as arrays
 * are), compression, which would read the staged bytes once and write fewer, and the write itself.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Thread)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class StagingAlternativesBenchmark {
    private static final int BATCH_SIZE = 1 << 16;
    private static final int HEADER = 61;
    private static final int CRC_FROM = 21;
    private static final int PER_MS = 50;
    private static final VarHandle ARRAY_LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());
    private static final VarHandle BUFFER_LONG = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());

    @Param("100")
    int valueBytes;

    private final byte[] array = new byte[BATCH_SIZE];
    private final ByteBuffer wire = ByteBuffer.allocateDirect(BATCH_SIZE);
    private byte[][] values;
    private int count;

    @Setup(Level.Trial)
    public void check() {
        values = RecordData.generated(valueBytes, 1);
        int size = HEADER;
        for (count = 0; size + recordSize(count) <= BATCH_SIZE; count++) {
            size += recordSize(count);
        }
        byte[] expected = new byte[size];
        byte[] found = new byte[size];
        long crc = heapThenCopy();
        wire.get(0, expected);
        if (direct() != crc || directByLongs() != crc) {
            throw new IllegalStateException("the checksums differ");
        }
        wire.get(0, found);
        if (!Arrays.equals(expected, found)) {
            throw new IllegalStateException("the bytes differ");
        }
    }

    private int recordSize(int index) {
        int body = bodySize(index, values[index % values.length]);
        return Varint.sizeOf(body) + body;
    }

    private static int bodySize(int index, byte[] value) {
        return 1 + Varint.sizeOf(index / PER_MS) + Varint.sizeOf(index) + 1 + Varint.sizeOf(value.length) + value.length + 1;
    }

    @Benchmark
    public long heapThenCopy() {
        int at = HEADER;
        for (int i = 0; i < count; i++) {
            byte[] value = values[i % values.length];
            at = Varint.write(array, at, bodySize(i, value));
            array[at++] = 0;
            at = Varint.write(array, at, i / PER_MS);
            at = Varint.write(array, at, i);
            array[at++] = 1;
            at = Varint.write(array, at, value.length);
            System.arraycopy(value, 0, array, at, value.length);
            at += value.length;
            array[at++] = 0;
        }
        CRC32C crc = new CRC32C();
        crc.update(array, CRC_FROM, at - CRC_FROM);
        wire.put(0, array, 0, at);
        return crc.getValue();
    }

    @Benchmark
    public long direct() {
        int at = HEADER;
        for (int i = 0; i < count; i++) {
            byte[] value = values[i % values.length];
            at = writeFront(i, value, at);
            wire.put(at, value, 0, value.length);
            at += value.length;
            wire.put(at++, (byte) 0);
        }
        return checksum(at);
    }

    @Benchmark
    public long directByLongs() {
        int at = HEADER;
        for (int i = 0; i < count; i++) {
            byte[] value = values[i % values.length];
            at = writeFront(i, value, at);
            int from = 0;
            for (; from <= value.length - Long.BYTES; from += Long.BYTES) {
                BUFFER_LONG.set(wire, at + from, (long) ARRAY_LONG.get(value, from));
            }
            for (; from < value.length; from++) {
                wire.put(at + from, value[from]);
            }
            at += value.length;
            wire.put(at++, (byte) 0);
        }
        return checksum(at);
    }

    private int writeFront(int index, byte[] value, int position) {
        int at = write(position, bodySize(index, value));
        wire.put(at++, (byte) 0);
        at = write(at, index / PER_MS);
        at = write(at, index);
        wire.put(at++, (byte) 1);
        return write(at, value.length);
    }

    private int write(int position, int notNegative) {
        int at = position;
        int rest = notNegative << 1;
        while ((rest & ~0x7f) != 0) {
            wire.put(at++, (byte) (rest | 0x80));
            rest >>>= 7;
        }
        wire.put(at++, (byte) rest);
        return at;
    }

    private long checksum(int end) {
        CRC32C crc = new CRC32C();
        crc.update(wire.limit(end).position(CRC_FROM));
        wire.clear();
        return crc.getValue();
    }
}
