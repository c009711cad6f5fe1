package dev.millrace.internal.producer.net;

import dev.millrace.internal.producer.batch.ProducerBatch;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.ClientResponse;
import org.apache.kafka.clients.Metadata.LeaderIdAndEpoch;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceDataCollection;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.BatchIndexAndErrorMessage;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.ProduceResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One produce request: its bytes, and what its response says of each batch. Sender thread only. */
final class ProduceCall {

    private static final Logger LOG = LoggerFactory.getLogger(ProduceCall.class);

    private final Map<TopicPartition, ProducerBatch> batches;
    /** Topic names by id as they were when the request was made: a topic made again has another id by the time of the response. */
    private final Map<Uuid, String> topicNames;
    private final ByteBuffer wire;
    private final ProduceRequestData data;
    private final boolean transactionV1;

    /** How many replicas must have the records, and how long the broker may take for that, ms. */
    record Acknowledgement(short acks, int timeoutMs) {
    }

    /** The transactional id, null for none, and whether the protocol before KIP-890 is spoken. */
    record Transactional(String id, boolean v1) {
    }

    ProduceCall(List<ProducerBatch> toSend, ByteBuffer wire, Map<String, Uuid> topicIds, Map<Uuid, String> topicNames,
                Acknowledgement acknowledgement, Transactional transactional) {
        this.batches = new HashMap<>(2 * toSend.size());
        this.topicNames = topicNames;
        this.wire = wire;
        TopicProduceDataCollection topics = new TopicProduceDataCollection();
        Map<String, TopicProduceData> byName = new HashMap<>();
        for (ProducerBatch batch : toSend) {
            String name = batch.topicPartition().topic();
            TopicProduceData topic = byName.get(name);
            if (topic == null) {
                topic = new TopicProduceData().setName(name).setTopicId(topicIds.getOrDefault(name, Uuid.ZERO_UUID));
                byName.put(name, topic);
                topics.add(topic);
            }
            topic.partitionData().add(new PartitionProduceData()
                    .setIndex(batch.topicPartition().partition()).setRecords(copyToWire(batch)));
            batches.put(batch.topicPartition(), batch);
        }
        this.transactionV1 = transactional.v1();
        this.data = new ProduceRequestData().setAcks(acknowledgement.acks()).setTimeoutMs(acknowledgement.timeoutMs())
                .setTransactionalId(transactional.id()).setTopicData(topics);
    }

    private MemoryRecords copyToWire(ProducerBatch batch) {
        int start = wire.position();
        wire.put(batch.bytes(), 0, batch.size());
        return MemoryRecords.readableRecords(wire.slice(start, batch.size()));
    }

    ProduceRequest.Builder builder() {
        // By the version of the request, a broker knows whether it is to take partitions into the transaction by itself.
        return ProduceRequest.builder(data, transactionV1);
    }

    ByteBuffer wire() {
        return wire;
    }

    /** Tells the listener of every batch; adds leaders that the broker named to {@code newLeaders} (KIP-951). */
    void complete(ClientResponse response, ProduceListener listener, Map<TopicPartition, LeaderIdAndEpoch> newLeaders) {
        if (response.wasTimedOut()) {
            all(listener, PartitionResult.failure(Errors.REQUEST_TIMED_OUT,
                    "Disconnected from node " + response.destination() + " due to timeout"));
        } else if (response.wasDisconnected()) {
            all(listener, PartitionResult.failure(Errors.NETWORK_EXCEPTION,
                    "Disconnected from node " + response.destination()));
        } else if (response.versionMismatch() != null) {
            all(listener, PartitionResult.failure(Errors.UNSUPPORTED_VERSION, null));
        } else if (!response.hasResponse()) {
            // acks=0: sent is all there is to know.
            all(listener, PartitionResult.success());
        } else {
            ProduceResponseData answer = ((ProduceResponse) response.responseBody()).data();
            for (TopicProduceResponse topic : answer.responses())
                for (PartitionProduceResponse partition : topic.partitionResponses())
                    complete(topic, partition, listener, newLeaders);
            // A broker that forgets a batch must not leave it in flight for ever.
            all(listener, PartitionResult.failure(Errors.UNKNOWN_SERVER_ERROR,
                    "The response of node " + response.destination() + " does not name this partition"));
        }
    }

    private void all(ProduceListener listener, PartitionResult result) {
        batches.values().forEach(batch -> tell(listener, batch, result));
        batches.clear();
    }

    private static void tell(ProduceListener listener, ProducerBatch batch, PartitionResult result) {
        try {
            listener.onResult(batch, result);
        } catch (RuntimeException e) {
            // The others must hear of theirs all the same.
            LOG.error("Uncaught error in the result {} of {}", result, batch, e);
        }
    }

    private void complete(TopicProduceResponse topic, PartitionProduceResponse partition, ProduceListener listener,
                          Map<TopicPartition, LeaderIdAndEpoch> newLeaders) {
        // From version 13 on the response has the topic's id only. An id the request did not have leaves the name, if there is one.
        String name = topicNames.getOrDefault(topic.topicId(), topic.name());
        ProducerBatch batch = batches.remove(new TopicPartition(name, partition.index()));
        if (batch == null) {
            LOG.error("A produce response names topic {} with id {}, partition {}, which its request did not have",
                    topic.name(), topic.topicId(), partition.index());
            return;
        }
        Errors error = Errors.forCode(partition.errorCode());
        boolean moved = error == Errors.NOT_LEADER_OR_FOLLOWER || error == Errors.FENCED_LEADER_EPOCH;
        if (moved && partition.currentLeader().leaderId() != -1 && partition.currentLeader().leaderEpoch() != -1)
            newLeaders.put(batch.topicPartition(), new LeaderIdAndEpoch(
                    Optional.of(partition.currentLeader().leaderId()), Optional.of(partition.currentLeader().leaderEpoch())));
        tell(listener, batch, new PartitionResult(error, partition.baseOffset(), partition.logAppendTimeMs(),
                partition.logStartOffset(), recordErrors(partition), partition.errorMessage()));
    }

    private static Map<Integer, String> recordErrors(PartitionProduceResponse partition) {
        if (partition.recordErrors().isEmpty())
            return Map.of();
        Map<Integer, String> errors = new HashMap<>();
        for (BatchIndexAndErrorMessage error : partition.recordErrors())
            errors.put(error.batchIndex(), error.batchIndexErrorMessage());
        return errors;
    }
}
