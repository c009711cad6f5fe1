package dev.millrace.perf.jmh;

import dev.millrace.codec.Codec;
import dev.millrace.codec.CodecType;
import dev.millrace.codec.Codecs;
import dev.millrace.internal.producer.batch.BatchLimits;
import dev.millrace.internal.producer.batch.Memory;
import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.internal.producer.batch.RecordWriter;
import dev.millrace.internal.producer.batch.SendResult;
import dev.millrace.internal.producer.batch.StagedRecords;
import dev.millrace.perf.load.RecordData;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
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
 * Records into a batch, uncompressed: one operation fills a batch of 64 KiB (about 600 records with values of 100 bytes) and
 * finishes it, header and checksum included. {@code records...} write bytes alone, Millrace's {@code StagedRecords} beside Kafka's
 * {@code MemoryRecordsBuilder}; {@code batch...} are the whole {@code ProducerBatch} of each, with the Future that each record
 * costs. Both write the same bytes, which is checked before.
 *
 * <p>{@code millrace-perf jmh BatchWriterBenchmark -- -prof gc}; {@code -p valueBytes=1000} for larger values. Times are
 * sampled; compare medians (p0.50).
 *
 * <p><b>Not in the figure:</b> locks, partitioner, the buffer's allocation (it is reused), compression (see {@link CodecBenchmark}),
 * completion (see {@link CompletionBenchmark}).
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Thread)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class BatchWriterBenchmark {
    private static final int BATCH_SIZE = 1 << 16;
    private static final Header[] NO_HEADERS = new Header[0];
    private static final long START_MS = 1_790_000_000_000L;
    /** So many records share a timestamp. */
    private static final int PER_MS = 50;

    @Param("100")
    int valueBytes;

    private final Codec none = Codecs.of(CodecType.NONE);
    private final TopicPartition partition = new TopicPartition("orders", 0);
    private final BatchLimits limits = BatchLimits.fixed(BATCH_SIZE, BATCH_SIZE);
    private final byte[] array = new byte[BATCH_SIZE];
    /** Of the former batch; the next one gets room for a few more, as the accumulator gives it. */
    private int lastRecords = 1;
    private final ByteBuffer buffer = ByteBuffer.allocate(BATCH_SIZE);
    private final Memory memory = new Memory() {
        @Override
        public byte[] tryAllocate(int size) {
            return new byte[size];
        }

        @Override
        public byte[] shrink(byte[] shrunk, int size) {
            return shrunk;
        }

        @Override
        public void release(byte[] released) {
            // There is only one, and it is used again.
        }
    };
    private byte[][] values;

    @Setup(Level.Trial)
    public void check() {
        values = RecordData.generated(valueBytes, 1);
        int size = recordsMillrace();
        if (size != recordsKafka() || !Arrays.equals(array, 0, size, buffer.array(), 0, size)) {
            throw new IllegalStateException("Millrace and Kafka wrote different batches");
        }
    }

    @Benchmark
    public int recordsMillrace() {
        StagedRecords records = new StagedRecords(memory, array, limits, 1);
        for (int i = 0; ; i++) {
            byte[] value = values[i % values.length];
            int tail = RecordWriter.tailSize(null, value, RecordWriter.NO_HEADERS);
            if (!records.tryAppend(START_MS + i / PER_MS, null, value, RecordWriter.NO_HEADERS, tail)) {
                break;
            }
        }
        records.finish(none, null);
        records.writeHeader(false, 1, (short) 0, 0);
        return records.size();
    }

    @Benchmark
    public int recordsKafka() {
        MemoryRecordsBuilder builder = MemoryRecords.builder(buffer.clear(), Compression.NONE, TimestampType.CREATE_TIME, 0);
        for (int i = 0; ; i++) {
            byte[] value = values[i % values.length];
            long timestamp = START_MS + i / PER_MS;
            if (!builder.hasRoomFor(timestamp, null, value, NO_HEADERS)) {
                break;
            }
            builder.append(timestamp, null, value, NO_HEADERS);
        }
        builder.setProducerState(1, (short) 0, 0, false);
        return builder.build().sizeInBytes();
    }

    @Benchmark
    public int batchMillrace() {
        ProducerBatch batch = new ProducerBatch(partition, START_MS, memory, array, limits, 1,
                lastRecords + lastRecords / 16 + 1);
        for (int i = 0; ; i++) {
            byte[] value = values[i % values.length];
            int tail = RecordWriter.tailSize(null, value, RecordWriter.NO_HEADERS);
            SendResult result = new SendResult(null, START_MS + i / PER_MS, null, value);
            if (!batch.tryAppend(null, value, RecordWriter.NO_HEADERS, tail, result)) {
                break;
            }
        }
        lastRecords = batch.recordCount();
        batch.seal();
        batch.finish(none, null);
        batch.assignSequence(1, (short) 0, 0);
        batch.writeHeader();
        return batch.size();
    }

    @Benchmark
    public int batchKafka() {
        org.apache.kafka.clients.producer.internals.ProducerBatch batch =
                new org.apache.kafka.clients.producer.internals.ProducerBatch(partition,
                        MemoryRecords.builder(buffer.clear(), Compression.NONE, TimestampType.CREATE_TIME, 0), START_MS);
        for (int i = 0; ; i++) {
            byte[] value = values[i % values.length];
            long timestamp = START_MS + i / PER_MS;
            if (batch.tryAppend(timestamp, null, value, NO_HEADERS, null, timestamp) == null) {
                break;
            }
        }
        batch.setProducerState(KafkaSendPath.PRODUCER, 0, false);
        batch.close();
        return batch.records().sizeInBytes();
    }
}
