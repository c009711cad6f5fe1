package dev.millrace.internal.consumer.poll;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** What the brokers know of the group: who is in it, and what it has committed. Notes what must not happen. */
final class GroupModel {

    private final ModelInput input;
    private final ModelOutputs outputs;
    private final Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
    /** By the names of members. */
    private final Map<String, Integer> generations = new HashMap<>();
    private final List<String> violations = new ArrayList<>();
    private int generation;

    GroupModel(ModelInput input, ModelOutputs outputs) {
        this.input = input;
        this.outputs = outputs;
    }

    /** The generation it is in from now on. */
    int join(String member) {
        generations.put(member, ++generation);
        return generation;
    }

    /** Takes no more offsets from it. */
    void expel(String member) {
        generations.remove(member);
    }

    boolean isCurrent(ConsumerGroupMetadata member) {
        return Integer.valueOf(member.generationId()).equals(generations.get(member.memberId()));
    }

    /** Offsets and outputs of a transaction, at once. */
    void commit(Map<TopicPartition, OffsetAndMetadata> offsets, List<String> values) {
        outputs.add(values);
        committed.putAll(offsets);
        try {
            check();
        } catch (AssertionError e) {
            // The transaction's thread lets nothing through.
            violate(e.getMessage());
        }
    }

    /** Without those that nothing was committed of. */
    Map<TopicPartition, OffsetAndMetadata> committed() {
        return committed;
    }

    boolean isAllCommitted() {
        for (TopicPartition partition : ModelInput.PARTITIONS)
            if (!committed.containsKey(partition) || committed.get(partition).offset() < input.end(partition))
                return false;
        return true;
    }

    void check() {
        outputs.check(committed);
    }

    void violate(String what) {
        violations.add(what);
    }

    List<String> violations() {
        return violations;
    }
}
