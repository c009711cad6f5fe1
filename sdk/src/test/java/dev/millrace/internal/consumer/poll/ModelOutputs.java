package dev.millrace.internal.consumer.poll;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.internal.consumer.offsets.OffsetMapCodec;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** What readers of committed outputs see, dead letters among it, and what must hold of it. */
final class ModelOutputs {

    private final ModelInput input;
    private final ModelChance chance;
    private final List<String> values = new ArrayList<>();

    ModelOutputs(ModelInput input, ModelChance chance) {
        this.input = input;
        this.chance = chance;
    }

    void add(List<String> more) {
        values.addAll(more);
    }

    /** Readers see what came of exactly those records that are done by what is committed. */
    void check(Map<TopicPartition, OffsetAndMetadata> committed) {
        Set<String> seen = new HashSet<>(values);
        assertEquals(values.size(), seen.size(), () -> "twice: " + twice());
        for (TopicPartition partition : ModelInput.PARTITIONS) {
            OffsetAndMetadata offset = committed.getOrDefault(partition, new OffsetAndMetadata(0));
            OffsetMapCodec.Decoded map = OffsetMapCodec.decode(offset.metadata(), ModelInput.IDS.get(partition.topic()), offset.offset());
            if (!map.done().isEmpty())
                chance.count("map");
            for (ConsumerRecord<ByteBuffer, ByteBuffer> record : input.records(partition)) {
                boolean done = record.offset() < offset.offset() || map.done().contains(record.offset());
                String value = ModelInput.text(record.value());
                assertEquals(done, seen.contains(value), () -> value + " with " + offset.offset() + map);
            }
        }
    }

    private List<String> twice() {
        Set<String> once = new HashSet<>();
        return values.stream().filter(value -> !once.add(value)).toList();
    }

    /** At the end. */
    void checkAllThereInOrder() {
        assertEquals(input.size(), values.size());
        Map<String, Integer> place = new HashMap<>();
        for (int i = 0; i < values.size(); i++)
            place.put(values.get(i), i);
        for (TopicPartition partition : ModelInput.PARTITIONS) {
            Map<String, Integer> last = new HashMap<>();
            for (ConsumerRecord<ByteBuffer, ByteBuffer> record : input.records(partition)) {
                String value = ModelInput.text(record.value());
                Integer before = last.put(ModelInput.text(record.key()), place.get(value));
                assertTrue(before == null || before < place.get(value), () -> "out of order: " + value);
            }
        }
    }
}
