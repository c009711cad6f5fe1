package dev.millrace.perf.jmh;

import dev.millrace.MillraceProducer;
import dev.millrace.codec.Codec;
import dev.millrace.codec.CodecType;
import dev.millrace.codec.Codecs;
import dev.millrace.internal.producer.accumulate.AppendGate;
import dev.millrace.internal.producer.accumulate.BatchSettings;
import dev.millrace.internal.producer.accumulate.BufferPool;
import dev.millrace.internal.producer.accumulate.NodeQueue;
import dev.millrace.internal.producer.accumulate.ReadyPartitions;
import dev.millrace.internal.producer.accumulate.RecordAccumulator;
import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.internal.producer.config.ConfigParser;
import dev.millrace.internal.producer.config.ProducerSettings;
import dev.millrace.internal.producer.net.TopicMetadata;
import dev.millrace.internal.producer.txn.SequenceTracker;
import dev.millrace.partitioner.PartitionLoad;
import dev.millrace.partitioner.StickyPartitioner;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.Partitioner;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.internals.ProducerMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.utils.Time;
import org.slf4j.LoggerFactory;

/**
 * What {@link MillraceProducer} is made of, put together without network and sender thread. The facade's own classes are
 * reached by method handles in constants, which the JIT compiles as it does plain calls.
 */
final class MillraceSendPath implements SendPath {
    private static final int MAX_REQUEST_SIZE = 1 << 20;

    /** {@code (sender, record, callback)} to its result. */
    private static final MethodHandle SEND;
    private static final MethodHandle NEW_SERIALIZER;
    private static final MethodHandle NEW_CHOOSER;
    private static final MethodHandle WATCH;
    private static final MethodHandle NEW_SENDER;

    static {
        try {
            MethodHandles.Lookup facade = MethodHandles.privateLookupIn(MillraceProducer.class, MethodHandles.lookup());
            Class<?> sender = facade.findClass("dev.millrace.RecordSender");
            Class<?> serializer = facade.findClass("dev.millrace.RecordSerializer");
            Class<?> chooser = facade.findClass("dev.millrace.PartitionChooser");
            Class<?> result = dev.millrace.internal.producer.batch.SendResult.class;
            SEND = facade.findVirtual(sender, "send", MethodType.methodType(result, ProducerRecord.class, Callback.class))
                    .asType(MethodType.methodType(Object.class, Object.class, ProducerRecord.class, Callback.class));
            NEW_SERIALIZER = facade.findConstructor(serializer,
                    MethodType.methodType(void.class, Serializer.class, Serializer.class));
            NEW_CHOOSER = facade.findConstructor(chooser, MethodType.methodType(void.class, Partitioner.class, boolean.class));
            WATCH = facade.findVirtual(chooser, "watch", MethodType.methodType(void.class, PartitionLoad.class));
            NEW_SENDER = facade.findConstructor(sender, MethodType.methodType(void.class, ProducerSettings.class,
                    TopicMetadata.class, serializer, chooser, RecordAccumulator.class, Time.class));
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final AtomicLong waitedNs = new AtomicLong();
    private final BufferPool pool;
    private final RecordAccumulator accumulator;
    private final ReadyPartitions ready;
    private final ReadyPartitions.Leaders leaders = new ReadyPartitions.Leaders() {
        @Override
        public int leaderId(TopicPartition partition) {
            return 1;
        }

        @Override
        public int leaderEpoch(TopicPartition partition) {
            return 0;
        }
    };
    private final SequenceTracker sequences = new SequenceTracker(LoggerFactory.getLogger(MillraceSendPath.class));
    private final Object sender;
    /** As the producer's own state, read for each record. */
    private volatile boolean running = true;

    /** @param configs as of a producer */
    MillraceSendPath(Map<String, Object> configs, ProducerMetadata metadata) {
        ByteArraySerializer bytes = new ByteArraySerializer();
        ProducerConfig config = ConfigParser.parse(configs, bytes, bytes);
        ProducerSettings settings = ProducerSettings.of(config);
        ProducerSettings.Batching batching = settings.batching();
        Codec codec = Codecs.of(CodecType.forName(settings.compression().type()));
        BatchSettings batches = new BatchSettings(batching.batchSize(), batching.lingerMs(),
                settings.delivery().retryBackoffMs(), settings.delivery().retryBackoffMaxMs());
        pool = new BufferPool(batching.bufferMemory(), batching.batchSize(),
                RecordAccumulator.rawLimit(batches, codec, batching.bufferMemory()), new BufferPool.Observer() {
                    @Override
                    public void waited(long ns) {
                        waitedNs.addAndGet(ns);
                    }

                    @Override
                    public void exhausted() {
                        // The sender is told by an exception, too.
                    }
                }, Time.SYSTEM);
        accumulator = new RecordAccumulator(batches, codec, pool, AppendGate.OPEN, Time.SYSTEM);
        ready = new ReadyPartitions(accumulator, new ReadyPartitions.SendGate() {
            @Override
            public boolean maySend(ProducerBatch head) {
                return true;
            }

            @Override
            public void leaving(ProducerBatch batch) {
                batch.assignSequence(1, (short) 0, 0);
            }
        }, 0);
        StickyPartitioner partitioner = new StickyPartitioner();
        partitioner.configure(config.originals());
        try {
            Object chooser = NEW_CHOOSER.invoke(partitioner, false);
            WATCH.invoke(chooser, ready);
            TopicMetadata topics = new TopicMetadata(metadata, Time.SYSTEM, () -> { }, ns -> { });
            sender = NEW_SENDER.invoke(settings, topics, NEW_SERIALIZER.invoke(bytes, bytes), chooser, accumulator, Time.SYSTEM);
        } catch (Throwable t) {
            throw new IllegalStateException("the producer's parts do not fit together as they did", t);
        }
    }

    @Override
    public Object send(ProducerRecord<byte[], byte[]> record) {
        if (!running) {
            throw new IllegalStateException("closed");
        }
        sequences.throwIfFatal();
        try {
            return (Object) SEND.invokeExact(sender, record, (Callback) null);
        } catch (Throwable t) {
            running = false;
            throw new IllegalStateException("a send failed", t);
        }
    }

    @Override
    public int drain() {
        long nowMs = Time.SYSTEM.milliseconds();
        ready.update(leaders, nowMs, false);
        int count = 0;
        for (NodeQueue node : ready.nodes()) {
            List<ProducerBatch> drained;
            do {
                drained = ready.drain(node, MAX_REQUEST_SIZE, nowMs);
                for (ProducerBatch batch : drained) {
                    batch.complete(0, -1);
                    accumulator.ended(batch);
                }
                count += drained.size();
            } while (!drained.isEmpty());
        }
        return count;
    }

    @Override
    public long availableMemory() {
        return pool.availableMemory();
    }

    @Override
    public long waitedNs() {
        return waitedNs.get();
    }
}
