package dev.millrace.perf.jmh;

import dev.millrace.MillraceProducer;
import dev.millrace.perf.load.RecordData;
import dev.millrace.testkit.SinkBroker;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Whole sends: one operation is one {@code send()} with a callback, of a record with a value of 100 bytes and no key, by a
 * producer as users have it (acks=all, idempotent, 64 KiB batches, linger 5 ms) to a sink in another process, which
 * acknowledges at once and stores nothing. Senders fill {@code buffer.memory} during the warm-up and are then as fast as
 * records are acknowledged, so the figure is records per microsecond through the whole client, of all threads together.
 *
 * <p>{@code millrace-perf jmh SendBenchmark -- -prof cpu -prof gc -t 1}; the same with {@code -t 2}, {@code 4}, {@code 8}.
 * {@code gc.alloc.rate.norm} is bytes per record in the whole process, the {@code ProducerRecord} (88 with its headers) among them.
 *
 * <p><b>In the figure</b>, because client and sink share the machine: the sink's work and the kernel's, which on a
 * machine with few processors hides some of the difference between clients. <b>Not in it:</b> a broker, latency (see {@code
 * millrace-perf produce --throughput}). {@code cpu.norm} is of the client's process alone. At the end errors, and
 * records that the sink did not get, void the run.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Benchmark)
@Fork(value = 1, jvmArgsAppend = {"-Xms1g", "-Xmx1g"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class SendBenchmark {
    private static final String TOPIC = "orders";
    private static final int PARTITIONS = 6;

    @Param({"kafka", "millrace"})
    String client;

    @Param({"none", "lz4"})
    String codec;

    private final AtomicLong errors = new AtomicLong();
    private final Callback callback = (metadata, exception) -> {
        if (exception != null) {
            errors.incrementAndGet();
        }
    };
    private SinkBroker sink;
    private Producer<byte[], byte[]> producer;

    /** Values in turn; each thread's own place among them. */
    @State(Scope.Thread)
    public static class Values {
        private final byte[][] values = RecordData.generated(100, 1);
        private int next;

        byte[] next() {
            next = next + 1 == values.length ? 0 : next + 1;
            return values[next];
        }
    }

    @Setup(Level.Trial)
    public void start() {
        sink = SinkBroker.builder().anyTopic(PARTITIONS).start();
        Map<String, Object> configs = Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, sink.bootstrapServers(),
                ProducerConfig.BATCH_SIZE_CONFIG, 1 << 16, ProducerConfig.LINGER_MS_CONFIG, 5,
                ProducerConfig.COMPRESSION_TYPE_CONFIG, codec);
        ByteArraySerializer bytes = new ByteArraySerializer();
        producer = client.equals("kafka") ? new KafkaProducer<>(configs, bytes, bytes)
                : new MillraceProducer<>(configs, bytes, bytes);
    }

    @TearDown(Level.Trial)
    public void stop() {
        try (SinkBroker stopped = sink; Producer<byte[], byte[]> closed = producer) {
            closed.flush();
            long sent = metric("record-send-total");
            long received = stopped.stats().records();
            if (errors.get() > 0 || received != sent) {
                throw new IllegalStateException(errors.get() + " records failed, " + sent + " were sent, and the sink got "
                        + received);
            }
        }
    }

    private long metric(String name) {
        return producer.metrics().entrySet().stream()
                .filter(entry -> entry.getKey().name().equals(name) && entry.getKey().group().equals("producer-metrics"))
                .mapToLong(entry -> ((Number) entry.getValue().metricValue()).longValue()).sum();
    }

    @Benchmark
    public Object send(Values values) {
        return producer.send(new ProducerRecord<>(TOPIC, values.next()), callback);
    }
}
