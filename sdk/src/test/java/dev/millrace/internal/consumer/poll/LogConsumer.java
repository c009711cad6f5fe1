package dev.millrace.internal.consumer.poll;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** Kafka's consumer, as one member of the group has it: gives out the input from what is committed on, a few records at a time. */
final class LogConsumer extends MockConsumer<ByteBuffer, ByteBuffer> {

    private final ModelInput input;
    private final GroupModel group;
    private final ModelChance chance;
    private final Supplier<ConsumerGroupMetadata> membership;

    LogConsumer(ModelInput input, GroupModel group, ModelChance chance, Supplier<ConsumerGroupMetadata> membership) {
        super("earliest");
        this.input = input;
        this.group = group;
        this.chance = chance;
        this.membership = membership;
    }

    @Override
    public synchronized ConsumerRecords<ByteBuffer, ByteBuffer> poll(Duration timeout) {
        for (TopicPartition partition : assignment())
            if (!paused().contains(partition))
                input.records(partition).stream().filter(record -> record.offset() >= position(partition)).limit(1 + chance.choose(15))
                        .forEach(this::addRecord);
        return super.poll(timeout);
    }

    @Override
    public synchronized void rebalance(Collection<TopicPartition> partitions) {
        Set<TopicPartition> before = Set.copyOf(assignment());
        super.rebalance(partitions);
        for (TopicPartition partition : partitions)
            if (!before.contains(partition))
                seek(partition, group.committed().getOrDefault(partition, new OffsetAndMetadata(0)).offset());
    }

    @Override
    public synchronized Map<TopicPartition, OffsetAndMetadata> committed(Set<TopicPartition> partitions) {
        Map<TopicPartition, OffsetAndMetadata> found = new HashMap<>();
        partitions.forEach(partition -> found.put(partition, group.committed().get(partition)));
        return found;
    }

    @Override
    public synchronized ConsumerGroupMetadata groupMetadata() {
        return membership.get();
    }
}
