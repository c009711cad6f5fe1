package dev.millrace.internal.consumer.poll;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;

/** The records there are to read, each with a value of its own; and those of them that fail for what they are. */
final class ModelInput {

    static final List<TopicPartition> PARTITIONS = List.of(new TopicPartition("in", 0), new TopicPartition("in", 1),
            new TopicPartition("no-id", 0));
    static final Map<String, Uuid> IDS = Map.of("in", new Uuid(1, 2), "no-id", Uuid.ZERO_UUID);
    private static final int RECORDS = 120;
    private static final int KEYS = 12;

    private final Map<TopicPartition, List<ConsumerRecord<ByteBuffer, ByteBuffer>>> log = new LinkedHashMap<>();
    private final Set<String> poison = new HashSet<>();
    /** How often still, by value. */
    private final Map<String, Integer> refusals = new HashMap<>();

    ModelInput(ModelChance chance) {
        for (TopicPartition partition : PARTITIONS) {
            List<ConsumerRecord<ByteBuffer, ByteBuffer>> records = new ArrayList<>();
            long offset = 0;
            for (int i = 0; i < RECORDS; i++) {
                // Holes, as compaction and transaction markers leave them.
                offset += chance.choose(4) == 0 ? 1 + chance.choose(5) : 1;
                String value = partition + "@" + offset;
                records.add(new ConsumerRecord<>(partition.topic(), partition.partition(), offset, bytes("key-" + chance.choose(KEYS)),
                        bytes(value)));
                if (chance.choose(40) == 0)
                    poison.add(value);
                else if (chance.choose(30) == 0)
                    // The last kind ends as a dead letter.
                    refusals.put(value, 1 + chance.choose(5) < 5 ? 1 + chance.choose(3) : Integer.MAX_VALUE);
            }
            log.put(partition, records);
        }
    }

    List<ConsumerRecord<ByteBuffer, ByteBuffer>> records(TopicPartition partition) {
        return log.get(partition);
    }

    /** How many records there are in all. */
    int size() {
        return PARTITIONS.size() * RECORDS;
    }

    /** Behind the last record. */
    long end(TopicPartition partition) {
        return log.get(partition).get(RECORDS - 1).offset() + 1;
    }

    /** Whether no handler can bear it. */
    boolean isPoison(String value) {
        return poison.contains(value);
    }

    /** Whether what came of it is refused this time, which is one time less from now on. */
    boolean refuse(String value) {
        Integer times = refusals.get(value);
        if (times == null)
            return false;
        refusals.put(value, times - 1);
        refusals.remove(value, 0);
        return true;
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    static String text(ByteBuffer bytes) {
        return StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
    }
}
