package dev.millrace.testkit.sink;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.common.Uuid;

/** The topics there are, and where each partition's log would end if it were kept. Sink's thread only. */
final class SinkTopics {
    static final class Topic {
        final String name;
        final Uuid id;
        /** By partition. */
        final long[] endOffsets;

        Topic(String name, int partitions) {
            this.name = name;
            // The same name has the same id in every sink, so that a client does not notice a restart.
            UUID hash = UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8));
            id = new Uuid(hash.getMostSignificantBits(), hash.getLeastSignificantBits());
            endOffsets = new long[partitions];
        }

        int partitions() {
            return endOffsets.length;
        }
    }

    private final int anyTopicPartitions;
    private final Map<String, Topic> byName = new LinkedHashMap<>();
    private final Map<Uuid, Topic> byId = new HashMap<>();

    SinkTopics(Map<String, Integer> topics, int anyTopicPartitions) {
        this.anyTopicPartitions = anyTopicPartitions;
        topics.forEach(this::add);
    }

    private Topic add(String name, int partitions) {
        Topic topic = new Topic(name, partitions);
        byName.put(name, topic);
        byId.put(topic.id, topic);
        return topic;
    }

    /** The topic of this name, made on first use where any topic exists; null if there is none. */
    Topic named(String name) {
        Topic topic = byName.get(name);
        return topic == null && anyTopicPartitions > 0 ? add(name, anyTopicPartitions) : topic;
    }

    /** The topic of this id, or null. */
    Topic withId(Uuid id) {
        return byId.get(id);
    }

    Collection<Topic> all() {
        return byName.values();
    }
}
