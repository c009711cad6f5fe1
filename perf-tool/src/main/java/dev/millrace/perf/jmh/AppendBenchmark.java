package dev.millrace.perf.jmh;

import dev.millrace.perf.load.RecordData;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.internals.ProducerMetadata;
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
 * The calling thread's part of a send: one operation is one {@code send()} of a record with a value of 100 bytes and no key,
 * to a topic of 6 partitions, from the {@code ProducerRecord} to its place in a batch, the sealing of full batches (64 KiB)
 * included: state checks, metadata, serializers, partitioner, accumulator, buffer pool, and compression as far as the client
 * does it there. In records per microsecond of all threads together.
 *
 * <p>{@code millrace-perf jmh AppendBenchmark -- -prof cpu -prof gc -t 1}; the same with {@code -t 2}, {@code 4}, {@code 8}.
 * {@code gc.alloc.rate.norm} is bytes per record, the {@code ProducerRecord} (88 with its headers) among them.
 *
 * <p><b>In the sender's place</b> a thread takes sealed batches out, writes their headers and checksums and gives their memory
 * back at once. Senders do its work when half the memory is in use, so that memory is never short; if it was, the end of the run
 * says so. With as many senders as processors the drain's work slows them down; in {@code cpu.norm} it is in any case. Kafka's drain
 * does not complete the futures, Millrace's has to, for that is what gives the memory back: a little more work on Millrace's side.
 *
 * <p><b>Not in the figure:</b> waking the sender thread, the network, callbacks (there are none), interceptors, metrics of requests.
 *
 * <p>Kafka's side is {@code KafkaProducer.send()} itself, Millrace's is {@code RecordSender.send()} behind the same checks.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Benchmark)
@Fork(value = 1, jvmArgsAppend = {"-Xms1g", "-Xmx1g"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class AppendBenchmark {
    private static final String TOPIC = "orders";
    private static final int PARTITIONS = 6;
    private static final int BATCH_SIZE = 1 << 16;
    private static final long BUFFER_MEMORY = 64 << 20;
    private static final int RECORDS_BETWEEN_LOOKS = 500;
    private static final long A_LONG_LINGER_MS = 60_000;

    @Param({"kafka", "millrace"})
    String client;

    @Param({"none", "lz4"})
    String codec;

    private SendPath path;
    private Drain drain;

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
        // So long that batches go only when they are full, and so much memory that the drain may be late.
        Map<String, Object> configs = Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, "127.0.0.1:9092",
                ProducerConfig.BATCH_SIZE_CONFIG, BATCH_SIZE, ProducerConfig.BUFFER_MEMORY_CONFIG, BUFFER_MEMORY,
                ProducerConfig.LINGER_MS_CONFIG, A_LONG_LINGER_MS, ProducerConfig.COMPRESSION_TYPE_CONFIG, codec,
                ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 120_000);
        ProducerMetadata metadata = FixedMetadata.of(TOPIC, PARTITIONS);
        path = client.equals("kafka") ? new KafkaSendPath(configs, metadata, TOPIC, PARTITIONS)
                : new MillraceSendPath(configs, metadata);
        drain = new Drain(path, BUFFER_MEMORY);
    }

    @TearDown(Level.Trial)
    public void stop() throws InterruptedException {
        drain.close();
        if (path.waitedNs() > 0) {
            System.out.printf("%n# senders waited %.1f ms for memory: the figure is the drain's as well%n", path.waitedNs() / 1e6);
        }
    }

    @Benchmark
    public Object send(Values values) {
        if (values.next % RECORDS_BETWEEN_LOOKS == 0) {
            drain.helpIfBehind();
        }
        return path.send(new ProducerRecord<>(TOPIC, values.next()));
    }
}
