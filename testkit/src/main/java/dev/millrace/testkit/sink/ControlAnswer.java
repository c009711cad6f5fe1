package dev.millrace.testkit.sink;

import java.nio.ByteBuffer;
import java.util.List;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsPartitionResponse;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsTopicResponse;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseBroker;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponsePartition;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.Readable;
import org.apache.kafka.common.requests.RequestHeader;

/** Answers the requests that come now and then, with Kafka's message classes. Sink's thread only. */
final class ControlAnswer {
    private static final int LEADER_EPOCH = 0;
    private static final long LATEST = -1;
    private static final long EARLIEST = -2;

    private final SinkTopics topics;
    private final PreparedBatch batch; // null: nothing to fetch
    private final int[] ports;         // by broker
    private final int maxProduceVersion;
    private long nextProducerId = 1000;

    ControlAnswer(SinkTopics topics, PreparedBatch batch, int[] ports, int maxProduceVersion) {
        this.topics = topics;
        this.batch = batch;
        this.ports = ports;
        this.maxProduceVersion = maxProduceVersion;
    }

    /** Reads a request from its first byte after the size. */
    void answer(ByteBuffer in, ResponseBuffer out, long nowNs) {
        if (in.getShort(in.position()) == ApiKeys.API_VERSIONS.id
                && !ApiKeys.API_VERSIONS.isVersionSupported(in.getShort(in.position() + 2))) {
            // A client newer than this sink learns the versions there are in the oldest form.
            out.begin(in.getInt(in.position() + 4), false);
            write(apiVersions().setErrorCode(Errors.UNSUPPORTED_VERSION.code()), (short) 0, out);
            out.end(nowNs);
            return;
        }
        RequestHeader header = RequestHeader.parse(in);
        short version = header.apiVersion();
        ApiMessage response = response(header.apiKey(), new ByteBufferAccessor(in), version);
        out.begin(header.correlationId(), header.apiKey().responseHeaderVersion(version) > 0);
        write(response, version, out);
        out.end(nowNs);
    }

    private static void write(ApiMessage message, short version, ResponseBuffer out) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer room = out.room(message.size(cache, version));
        message.write(new ByteBufferAccessor(room), cache, version);
    }

    private ApiMessage response(ApiKeys key, Readable in, short version) {
        switch (key) {
            case API_VERSIONS:
                return apiVersions();
            case METADATA:
                return metadata(new MetadataRequestData(in, version));
            case INIT_PRODUCER_ID:
                return new InitProducerIdResponseData().setProducerId(nextProducerId++).setProducerEpoch((short) 0);
            case LIST_OFFSETS:
                return offsets(new ListOffsetsRequestData(in, version));
            default:
                throw new IllegalArgumentException("a request of kind " + key + ", which a sink does not know");
        }
    }

    private ApiVersionsResponseData apiVersions() {
        ApiVersionsResponseData data = new ApiVersionsResponseData();
        data.apiKeys().add(range(ApiKeys.PRODUCE, SinkOptions.MIN_PRODUCE_VERSION, maxProduceVersion));
        data.apiKeys().add(range(ApiKeys.FETCH, FetchAnswer.MIN_VERSION, FetchAnswer.MAX_VERSION));
        for (ApiKeys key : List.of(ApiKeys.API_VERSIONS, ApiKeys.METADATA, ApiKeys.INIT_PRODUCER_ID,
                ApiKeys.LIST_OFFSETS)) {
            data.apiKeys().add(range(key, key.oldestVersion(), key.latestVersion(false)));
        }
        return data;
    }

    private static ApiVersion range(ApiKeys key, int min, int max) {
        return new ApiVersion().setApiKey(key.id).setMinVersion((short) min).setMaxVersion((short) max);
    }

    private MetadataResponseData metadata(MetadataRequestData request) {
        MetadataResponseData data = new MetadataResponseData().setClusterId("millrace-sink").setControllerId(1);
        for (int i = 0; i < ports.length; i++) {
            data.brokers().add(new MetadataResponseBroker().setNodeId(i + 1).setHost("127.0.0.1").setPort(ports[i]));
        }
        if (request.topics() == null) {
            topics.all().forEach(topic -> data.topics().add(describe(topic)));
            return data;
        }
        for (MetadataRequestData.MetadataRequestTopic asked : request.topics()) {
            SinkTopics.Topic topic = asked.name() == null ? topics.withId(asked.topicId()) : topics.named(asked.name());
            if (topic != null) {
                data.topics().add(describe(topic));
            } else {
                Errors error = asked.name() == null ? Errors.UNKNOWN_TOPIC_ID : Errors.UNKNOWN_TOPIC_OR_PARTITION;
                data.topics().add(new MetadataResponseTopic().setName(asked.name()).setTopicId(asked.topicId())
                        .setErrorCode(error.code()));
            }
        }
        return data;
    }

    private MetadataResponseTopic describe(SinkTopics.Topic topic) {
        MetadataResponseTopic data = new MetadataResponseTopic().setName(topic.name).setTopicId(topic.id);
        for (int i = 0; i < topic.partitions(); i++) {
            int leader = i % ports.length + 1;
            data.partitions().add(new MetadataResponsePartition().setPartitionIndex(i).setLeaderId(leader)
                    .setLeaderEpoch(LEADER_EPOCH).setReplicaNodes(List.of(leader)).setIsrNodes(List.of(leader)));
        }
        return data;
    }

    private ListOffsetsResponseData offsets(ListOffsetsRequestData request) {
        ListOffsetsResponseData data = new ListOffsetsResponseData();
        for (ListOffsetsRequestData.ListOffsetsTopic asked : request.topics()) {
            SinkTopics.Topic topic = topics.named(asked.name());
            ListOffsetsTopicResponse answer = new ListOffsetsTopicResponse().setName(asked.name());
            asked.partitions().forEach(partition ->
                    answer.partitions().add(offset(topic, partition.partitionIndex(), partition.timestamp())));
            data.topics().add(answer);
        }
        return data;
    }

    private ListOffsetsPartitionResponse offset(SinkTopics.Topic topic, int partition, long timestamp) {
        ListOffsetsPartitionResponse answer = new ListOffsetsPartitionResponse().setPartitionIndex(partition);
        if (topic == null || partition < 0 || partition >= topic.partitions()) {
            return answer.setErrorCode(Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
        }
        // What was produced is counted, but cannot be read: its log begins where it ends.
        long end = batch == null ? topic.endOffsets[partition] : batch.endOffset();
        long start = batch == null ? end : 0;
        answer.setLeaderEpoch(LEADER_EPOCH);
        return timestamp == LATEST ? answer.setOffset(end)
                : timestamp == EARLIEST ? answer.setOffset(start)
                : answer.setOffset(start).setTimestamp(0); // every record is as old as every other
    }
}
