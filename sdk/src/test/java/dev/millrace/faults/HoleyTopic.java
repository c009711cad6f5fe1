package dev.millrace.faults;

import dev.millrace.faults.MemberRecords.Nature;
import dev.millrace.testkit.KafkaCluster;
import java.time.Duration;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.ByteBufferDeserializer;
import org.apache.kafka.common.serialization.IntegerSerializer;

/** A topic whose offsets have gaps: of compaction, of transactions that were aborted, and of the marks of transactions. */
final class HoleyTopic {

    private static final int FEW_KEYS = 200;
    private static final int KEYS = 3_000;
    private static final int TO_COMPACT = 1_000;
    private static final int IN_A_TRANSACTION = 2_000;
    private static final int ABORTED_OF = 6;
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(120);

    private final KafkaCluster kafka;
    private final String topic;
    private final int partitions;
    private final Random random;
    /** Records of transactions that were committed, up to now. */
    private int committed;

    /** Makes it. */
    HoleyTopic(KafkaCluster kafka, String topic, int partitions, Random random) {
        this.kafka = kafka;
        this.topic = topic;
        this.partitions = partitions;
        this.random = random;
        kafka.createTopic(topic, partitions, FaultCluster.BROKERS,
                Map.of("cleanup.policy", "compact", "segment.ms", "300", "min.cleanable.dirty.ratio", "0.001"));
    }

    /**
     * Writes it.
     *
     * @param each so many records into each partition, from which compaction takes none
     * @param stuck so many more into the partition after the last of those, every second one with the nature {@link Nature#HANGS} and
     *        one key
     */
    void fill(int each, int stuckIn, int stuck) throws Exception {
        try (KafkaProducer<Integer, byte[]> producer = new KafkaProducer<>(Map.of("bootstrap.servers", kafka.bootstrapServers(),
                "transactional.id", topic, "key.serializer", IntegerSerializer.class, "value.serializer", ByteArraySerializer.class))) {
            producer.initTransactions();
            writeWhatIsCompacted(producer);
            kafka.admin().incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, topic),
                    List.of(set("cleanup.policy", "delete"), set("segment.ms", Long.toString(TimeUnit.DAYS.toMillis(7)))))).all().get();
            int transactions = each * partitions / IN_A_TRANSACTION;
            for (int i = 0; i < transactions; i++) {
                int number = i;
                write(producer, IN_A_TRANSACTION, i % ABORTED_OF == 1, j -> new ProducerRecord<>(topic, (number + j) % partitions,
                        random.nextInt(KEYS), MemberRecords.value(Nature.PLAIN)));
            }
            write(producer, stuck, false, j -> new ProducerRecord<>(topic, stuckIn, j % 2 == 0 ? KEYS : random.nextInt(KEYS),
                    MemberRecords.value(j % 2 == 0 ? Nature.HANGS : Nature.PLAIN)));
        }
    }

    private static AlterConfigOp set(String name, String value) {
        return new AlterConfigOp(new ConfigEntry(name, value), OpType.SET);
    }

    private interface Records {
        ProducerRecord<Integer, byte[]> get(int number);
    }

    private void write(KafkaProducer<Integer, byte[]> producer, int count, boolean abort, Records records) {
        producer.beginTransaction();
        for (int i = 0; i < count; i++)
            producer.send(records.get(i));
        if (abort) {
            producer.flush();
            producer.abortTransaction();
        } else {
            producer.commitTransaction();
            committed += count;
        }
    }

    /** Few keys, many times, until compaction has taken some in each partition. */
    private void writeWhatIsCompacted(KafkaProducer<Integer, byte[]> producer) throws InterruptedException {
        Records next = i -> new ProducerRecord<>(topic, i % partitions, random.nextInt(FEW_KEYS), MemberRecords.value(Nature.PLAIN));
        write(producer, TO_COMPACT * partitions, false, next);
        long deadlineNs = System.nanoTime() + PATIENCE_NS;
        do {
            if (System.nanoTime() - deadlineNs > 0)
                throw new AssertionError("compaction took nothing");
            TimeUnit.MILLISECONDS.sleep(400);
            // A segment is not compacted before there is a newer one.
            write(producer, partitions, false, next);
        } while (IntStream.range(0, partitions).anyMatch(partition -> there()[partition].cardinality() > TO_COMPACT / 2));
    }

    /** The offsets with a record that a reader of committed ones is given, by partition. */
    BitSet[] there() {
        BitSet[] there = IntStream.range(0, partitions).mapToObj(i -> new BitSet()).toArray(BitSet[]::new);
        try (KafkaConsumer<Object, Object> consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", kafka.bootstrapServers(),
                "isolation.level", "read_committed", "key.deserializer", ByteBufferDeserializer.class,
                "value.deserializer", ByteBufferDeserializer.class))) {
            Collection<TopicPartition> all = IntStream.range(0, partitions).mapToObj(i -> new TopicPartition(topic, i)).toList();
            consumer.assign(all);
            consumer.seekToBeginning(all);
            Map<TopicPartition, Long> ends = consumer.endOffsets(all);
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue()))
                for (ConsumerRecord<Object, Object> record : consumer.poll(Duration.ofMillis(100)))
                    there[record.partition()].set((int) record.offset());
        }
        return there;
    }

    /** Records of transactions that were committed, those that compaction took included. */
    int committed() {
        return committed;
    }
}
