package dev.millrace.perf.jmh;

import dev.millrace.partitioner.PartitionLoad;
import dev.millrace.partitioner.StickyPartitioner;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.utils.LogContext;
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
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The choice of a partition for a record without a key: one operation asks for the partition and tells that 110 bytes were
 * appended to it, in batches of 64 KiB, so that every 600th switches. Millrace's {@code StickyPartitioner} as its engine uses it
 * beside Kafka's {@code BuiltInPartitioner} with the calls that {@code RecordAccumulator.append} makes; by one thread, and by
 * four that share the partitioner. In nanoseconds per record of one thread.
 *
 * <p>{@code millrace-perf jmh PartitionerBenchmark -- -prof cpu -prof gc}; {@code -t} changes the threads of all four methods.
 *
 * <p><b>Not in the figure:</b> the partition's lock, under which Kafka makes two of its three calls; queues' lengths (all are
 * empty); collisions, which only an engine with locks can tell of, so the four threads stay on one partition.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Benchmark)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class PartitionerBenchmark {
    private static final String TOPIC = "orders";
    private static final int BATCH_SIZE = 1 << 16;
    private static final int RECORD_BYTES = 110;
    private static final byte[] VALUE = new byte[100];

    private static final MethodHandle PEEK;
    private static final MethodHandle IS_CHANGED;
    private static final MethodHandle UPDATE;

    static {
        try {
            MethodHandles.Lookup kafka = MethodHandles.privateLookupIn(BuiltInPartitioner.class, MethodHandles.lookup());
            Class<?> run = BuiltInPartitioner.StickyPartitionInfo.class;
            PEEK = kafka.findVirtual(BuiltInPartitioner.class, "peekCurrentPartitionInfo", MethodType.methodType(run, Cluster.class));
            IS_CHANGED = kafka.findVirtual(BuiltInPartitioner.class, "isPartitionChanged", MethodType.methodType(boolean.class, run));
            UPDATE = kafka.findVirtual(BuiltInPartitioner.class, "updatePartitionInfo",
                    MethodType.methodType(void.class, run, int.class, Cluster.class, boolean.class));
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    @Param("6")
    int partitions;

    private Cluster cluster;
    private StickyPartitioner millrace;
    private BuiltInPartitioner kafka;

    @Setup(Level.Trial)
    public void start() {
        cluster = FixedMetadata.of(TOPIC, partitions).fetch();
        kafka = new BuiltInPartitioner(new LogContext(), TOPIC, BATCH_SIZE);
        millrace = new StickyPartitioner();
        millrace.configure(Map.of(ProducerConfig.BATCH_SIZE_CONFIG, BATCH_SIZE));
        millrace.watch(new PartitionLoad() {
            @Override
            public int queuedBatches(String topic, int partition) {
                return 0;
            }

            @Override
            public boolean available(String topic, int partition) {
                return true;
            }
        });
    }

    @Benchmark
    public int millrace() {
        int partition = millrace.partition(TOPIC, null, null, VALUE, VALUE, cluster);
        millrace.appended(TOPIC, partition, RECORD_BYTES, true, cluster);
        return partition;
    }

    @Benchmark
    public int kafka() throws Throwable {
        while (true) {
            BuiltInPartitioner.StickyPartitionInfo run =
                    (BuiltInPartitioner.StickyPartitionInfo) PEEK.invokeExact(kafka, cluster);
            if (!(boolean) IS_CHANGED.invokeExact(kafka, run)) {
                UPDATE.invokeExact(kafka, run, RECORD_BYTES, cluster, true);
                return run.partition();
            }
        }
    }

    @Benchmark
    @Threads(4)
    public int millraceFourThreads() {
        return millrace();
    }

    @Benchmark
    @Threads(4)
    public int kafkaFourThreads() throws Throwable {
        return kafka();
    }
}
