package dev.millrace.perf.jmh;

import dev.millrace.internal.producer.batch.BatchLimits;
import dev.millrace.internal.producer.batch.Memory;
import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.internal.producer.batch.RecordWriter;
import dev.millrace.internal.producer.batch.SendResult;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * What an acknowledgement costs: one operation completes a batch of 600 records, each with a callback, which gets a {@code
 * RecordMetadata}; the {@code ProducerBatch} of Millrace beside Kafka's.
 *
 * <p>{@code millrace-perf jmh CompletionBenchmark}; times are sampled, compare medians (p0.50).
 *
 * <p><b>Not in the figure:</b> the making of the batch (a new one before each operation, whose clock reading, some 50 ns, is in
 * the figure); the response's parsing; what {@code KafkaProducer} wraps around a user's callback; a thread that waits for a Future.
 * The batch is hot in the cache, which after a round trip to a broker it is not.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CompletionBenchmark {
    private static final int RECORDS = 600;
    private static final int BATCH_SIZE = 1 << 17;
    private static final byte[] VALUE = new byte[100];
    private static final TopicPartition PARTITION = new TopicPartition("orders", 0);

    /** Counts, so that callbacks do something. */
    @State(Scope.Thread)
    public static class Acknowledged {
        long offsets;
        final Callback callback = (metadata, exception) -> offsets += metadata.offset();
    }

    /** A batch of Millrace's. */
    @State(Scope.Thread)
    public static class MillraceBatch {
        private final byte[] buffer = new byte[BATCH_SIZE];
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
                // Used again.
            }
        };
        private ProducerBatch batch;

        @Setup(Level.Invocation)
        public void fill(Acknowledged acknowledged) {
            batch = new ProducerBatch(PARTITION, 0, memory, buffer, BatchLimits.fixed(BATCH_SIZE, BATCH_SIZE), 1, RECORDS);
            int tail = RecordWriter.tailSize(null, VALUE, RecordWriter.NO_HEADERS);
            for (int i = 0; i < RECORDS; i++) {
                SendResult result = new SendResult(acknowledged.callback, 0, null, VALUE);
                if (!batch.tryAppend(null, VALUE, RecordWriter.NO_HEADERS, tail, result)) {
                    throw new IllegalStateException("no room for " + RECORDS + " records");
                }
            }
            batch.seal();
        }
    }

    /** A batch of Kafka's. */
    @State(Scope.Thread)
    public static class KafkaBatch {
        private static final Header[] NO_HEADERS = new Header[0];

        private final ByteBuffer buffer = ByteBuffer.allocate(BATCH_SIZE);
        private org.apache.kafka.clients.producer.internals.ProducerBatch batch;

        @Setup(Level.Invocation)
        public void fill(Acknowledged acknowledged) {
            batch = new org.apache.kafka.clients.producer.internals.ProducerBatch(PARTITION,
                    MemoryRecords.builder(buffer.clear(), Compression.NONE, TimestampType.CREATE_TIME, 0), 0);
            for (int i = 0; i < RECORDS; i++) {
                if (batch.tryAppend(0, null, VALUE, NO_HEADERS, acknowledged.callback, 0) == null) {
                    throw new IllegalStateException("no room for " + RECORDS + " records");
                }
            }
            batch.closeForRecordAppends();
        }
    }

    @Benchmark
    public boolean millrace(MillraceBatch made) {
        boolean ended = made.batch.complete(1000, -1);
        made.batch.callBack(null);
        return ended;
    }

    @Benchmark
    public boolean kafka(KafkaBatch made) {
        return made.batch.complete(1000, -1);
    }
}
