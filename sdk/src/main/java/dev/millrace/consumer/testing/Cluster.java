package dev.millrace.consumer.testing;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;

/** What outlives a consumer: topics with their records, and what their group has committed. The test's thread only. */
final class Cluster {

    private final Map<TopicPartition, PartitionLog> logs = new HashMap<>();
    /** How often a topic was made again. */
    private final Map<String, Integer> generations = new HashMap<>();
    private final Map<TopicPartition, OffsetAndMetadata> committed = new LinkedHashMap<>();

    PartitionLog log(TopicPartition partition) {
        return logs.computeIfAbsent(partition, PartitionLog::new);
    }

    Map<TopicPartition, OffsetAndMetadata> committed() {
        return committed;
    }

    /** Deletes a topic and makes it anew. */
    void recreate(String topic) {
        generations.merge(topic, 1, Integer::sum);
        logs.forEach((partition, log) -> {
            if (partition.topic().equals(topic))
                log.clear();
        });
    }

    /** The same one in every run. */
    Uuid topicId(String topic) {
        String name = topic + "/" + generations.getOrDefault(topic, 0);
        UUID id = UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8));
        return new Uuid(id.getMostSignificantBits(), id.getLeastSignificantBits());
    }

    Map<String, Uuid> topicIds(Collection<String> topics) {
        Map<String, Uuid> ids = new HashMap<>();
        topics.forEach(topic -> ids.put(topic, topicId(topic)));
        return ids;
    }
}
