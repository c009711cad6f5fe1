package dev.millrace.perf.jmh;

import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.producer.internals.ProducerMetadata;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.internals.ClusterResourceListeners;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponsePartition;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.MetadataResponse;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.Time;

/** A producer's metadata of one topic, all of whose partitions are led by one broker, as if it had been fetched. */
final class FixedMetadata {
    private static final int LEADER = 1;
    private static final long AN_HOUR_MS = 3_600_000;

    private FixedMetadata() {
    }

    static ProducerMetadata of(String topic, int partitions) {
        long nowMs = Time.SYSTEM.milliseconds();
        ProducerMetadata metadata = new ProducerMetadata(100, 1000, AN_HOUR_MS, AN_HOUR_MS, new LogContext(),
                new ClusterResourceListeners(), Time.SYSTEM);
        metadata.add(topic, nowMs);
        metadata.updateWithCurrentRequestVersion(response(topic, partitions), false, nowMs);
        return metadata;
    }

    private static MetadataResponse response(String topic, int partitions) {
        List<MetadataResponsePartition> all = new ArrayList<>();
        for (int i = 0; i < partitions; i++) {
            all.add(new MetadataResponsePartition().setPartitionIndex(i).setLeaderId(LEADER).setLeaderEpoch(0)
                    .setReplicaNodes(List.of(LEADER)).setIsrNodes(List.of(LEADER)));
        }
        MetadataResponseTopic found = new MetadataResponseTopic().setName(topic).setTopicId(Uuid.randomUuid()).setPartitions(all);
        return MetadataResponse.prepareResponse(ApiKeys.METADATA.latestVersion(), 0,
                List.of(new Node(LEADER, "127.0.0.1", 9092)), "benchmark", LEADER, List.of(found), 0);
    }
}
