package dev.millrace.perf.jmh;

import dev.millrace.codec.Codec;
import dev.millrace.codec.CodecType;
import dev.millrace.codec.Codecs;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.DefaultRecord;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.ByteBufferOutputStream;
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
 * One operation compresses or decompresses one whole batch of JSON-like records at Kafka's default level, with
 * Millrace's codecs or with the streams of kafka-clients. Times are sampled: the mean holds the collector's work as
 * well; the median (p0.50) is what to compare on a machine that others use, too. Run it with {@code -prof gc} to see
 * bytes allocated per batch.
 *
 * <p>Kafka's streams are used as kafka-clients uses them: a new one for each batch, over a buffer that is reused.
 * {@code compressKafkaWhole} gives the stream the whole batch in one piece, which is the best it can get. The {@code
 * recordsToBatch} methods start from keys and values: Kafka's stream is fed field by field, as MemoryRecordsBuilder
 * does; for Millrace the records are encoded into an array and that is compressed.
 *
 * <p>{@code millrace-perf jmh jmh.CodecBenchmark -- -prof gc}; {@code -p codec=gzip,snappy,lz4,zstd} and {@code -p
 * batchBytes=16384,65536,1048576} for more than the defaults.
 *
 * <p><b>Not in the figure:</b> locks, headers and checksums of batches, and the allocation of the arrays compressed into, which are
 * reused. How much of it the native libraries take is told by {@link NativeCodecBenchmark}.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Thread)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CodecBenchmark {
    @Param({"lz4", "zstd"})
    String codec;

    @Param("65536")
    int batchBytes;

    private Codec millrace;
    private Compression kafka;
    private List<JsonRecords.KeyAndValue> records;
    private byte[] plain;
    private byte[] encoded;
    private byte[] compressed;
    private byte[] compressedByKafka;
    private byte[] decompressed;
    private ByteBuffer reused;
    private final BufferSupplier buffers = BufferSupplier.create();

    /** Encodes the records once and checks that both sides agree. */
    @Setup(Level.Trial)
    public void encode() throws IOException {
        millrace = Codecs.of(CodecType.forName(codec));
        kafka = Compression.of(codec).build();
        records = JsonRecords.filling(batchBytes);
        ByteBufferOutputStream out = new ByteBufferOutputStream(batchBytes);
        writeRecords(new DataOutputStream(out));
        plain = Arrays.copyOf(out.buffer().array(), out.position());
        encoded = new byte[plain.length];
        if (JsonRecords.encode(records, encoded) != plain.length || !Arrays.equals(plain, encoded)) {
            throw new IllegalStateException("the encodings of the records differ");
        }
        compressed = new byte[millrace.maxCompressedLength(plain.length)];
        decompressed = new byte[plain.length];
        reused = ByteBuffer.allocate(compressed.length);
        int length = compressKafkaWhole();
        compressedByKafka = Arrays.copyOf(reused.array(), length);
        if (!Arrays.equals(plain, millrace.decompress(compressedByKafka, 0, length, plain.length))) {
            throw new IllegalStateException("Millrace does not read what Kafka wrote");
        }
        System.out.printf("%n# %s: %d bytes plain, %d by Millrace, %d by Kafka%n", codec, plain.length,
                compressMillrace(), length);
    }

    @Benchmark
    public int compressMillrace() {
        return millrace.compress(plain, 0, plain.length, compressed, 0);
    }

    @Benchmark
    public int compressKafkaWhole() throws IOException {
        ByteBufferOutputStream out = new ByteBufferOutputStream(reused.clear());
        try (OutputStream stream = kafka.wrapForOutput(out, RecordBatch.MAGIC_VALUE_V2)) {
            stream.write(plain, 0, plain.length);
        }
        return out.position();
    }

    @Benchmark
    public int recordsToBatchMillrace() {
        int length = JsonRecords.encode(records, encoded);
        return millrace.compress(encoded, 0, length, compressed, 0);
    }

    @Benchmark
    public int recordsToBatchKafka() throws IOException {
        ByteBufferOutputStream out = new ByteBufferOutputStream(reused.clear());
        try (DataOutputStream stream = new DataOutputStream(kafka.wrapForOutput(out, RecordBatch.MAGIC_VALUE_V2))) {
            writeRecords(stream);
        }
        return out.position();
    }

    @Benchmark
    public byte[] decompressMillrace() {
        return millrace.decompress(compressedByKafka, 0, compressedByKafka.length, 1 << 24);
    }

    @Benchmark
    public int decompressMillraceReusingArray() {
        return millrace.decompress(compressedByKafka, 0, compressedByKafka.length, decompressed, 0);
    }

    @Benchmark
    public int decompressKafkaReusingArray() throws IOException {
        ByteBuffer src = ByteBuffer.wrap(compressedByKafka);
        try (InputStream in = kafka.wrapForInput(src, RecordBatch.MAGIC_VALUE_V2, buffers)) {
            return in.readNBytes(decompressed, 0, decompressed.length);
        }
    }

    private void writeRecords(DataOutputStream out) throws IOException {
        for (int i = 0; i < records.size(); i++) {
            JsonRecords.KeyAndValue record = records.get(i);
            DefaultRecord.writeTo(out, i, i / 10, record.key(), record.value(), JsonRecords.NO_HEADERS);
        }
    }
}
