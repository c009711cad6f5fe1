package dev.millrace.internal.producer.send;

import dev.millrace.internal.producer.send.EngineHarness.Sent;
import dev.millrace.internal.producer.send.PartitionModel.Appended;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.apache.kafka.clients.ClientRequest;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponsePartition;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.BatchIndexAndErrorMessage;
import org.apache.kafka.common.message.ProduceResponseData.LeaderIdAndEpoch;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.InitProducerIdRequest;
import org.apache.kafka.common.requests.InitProducerIdResponse;
import org.apache.kafka.common.requests.MetadataResponse;
import org.apache.kafka.common.requests.ProduceResponse;

/**
 * Brokers on the other side of a mock client. As real ones they take the requests of a connection one after the other, and the
 * next only when the last was answered; a request they had read when its connection broke may still be carried out later.
 */
final class ClusterModel {

    /** Refusals before anything is written, that a retry may mend. */
    private static final Errors[] RETRIABLE = {Errors.NOT_ENOUGH_REPLICAS, Errors.NOT_LEADER_OR_FOLLOWER,
            Errors.UNKNOWN_TOPIC_OR_PARTITION, Errors.KAFKA_STORAGE_ERROR, Errors.CORRUPT_MESSAGE, Errors.FENCED_LEADER_EPOCH,
            Errors.LEADER_NOT_AVAILABLE, Errors.UNKNOWN_TOPIC_ID, Errors.THROTTLING_QUOTA_EXCEEDED, Errors.REQUEST_TIMED_OUT};
    /** Refusals before anything is written, that no retry mends. */
    private static final Errors[] FINAL = {Errors.TOPIC_AUTHORIZATION_FAILED, Errors.INVALID_TIMESTAMP, Errors.INVALID_RECORD,
            Errors.UNKNOWN_SERVER_ERROR, Errors.POLICY_VIOLATION, Errors.INVALID_REQUIRED_ACKS};
    /** Failures after the records were written, which the next leader may have or not. */
    private static final Errors[] AFTER_APPEND = {Errors.REQUEST_TIMED_OUT, Errors.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
            Errors.NOT_LEADER_OR_FOLLOWER, Errors.KAFKA_STORAGE_ERROR};
    /** What a broker that lies may say of a batch. */
    private static final Errors[] LIES = {Errors.OUT_OF_ORDER_SEQUENCE_NUMBER, Errors.UNKNOWN_PRODUCER_ID,
            Errors.DUPLICATE_SEQUENCE_NUMBER, Errors.INVALID_PRODUCER_EPOCH, Errors.MESSAGE_TOO_LARGE, Errors.NONE,
            Errors.INVALID_PRODUCER_ID_MAPPING, Errors.NETWORK_EXCEPTION};
    private static final short NO_SUCH_ERROR = 30_000;

    /** How brokers of a run behave. Percentages are those of batches. */
    static final class Manners {
        int retriablePercent;
        int finalPercent;
        int afterAppendPercent;
        int lyingPercent;
        int maxBatchBytes = Integer.MAX_VALUE;
        /** The epoch new producer ids come with. */
        short newEpoch;
        boolean refusesUnknown;
        boolean forbidsProducerIds;
    }

    private record LeftOver(int node, List<Sent> batches) {
    }

    private final Manners manners;
    private final List<Node> nodes;
    private final List<PartitionModel> partitions = new ArrayList<>();
    /** Requests that were carried out and are not answered; the answer is null when the connection is about to break. */
    private final Map<ClientRequest, AbstractResponse> carriedOut = new IdentityHashMap<>();
    /** Read from a connection that broke, and not carried out yet; its bytes are the client's again. */
    private LeftOver leftOver;
    private long nextProducerId = EngineHarness.PRODUCER_ID + 1;
    /** Partitions that forgot a producer and take any sequence for its first: what is on the way then may overtake. */
    private final Set<Integer> forgetful = new HashSet<>();
    private String fault;

    ClusterModel(Manners manners, int nodeCount, int partitionCount) {
        this.manners = manners;
        this.nodes = IntStream.range(0, nodeCount).mapToObj(id -> new Node(id, "localhost", 1000 + id)).toList();
        for (int p = 0; p < partitionCount; p++)
            partitions.add(new PartitionModel(p % nodeCount, manners.refusesUnknown));
    }

    List<PartitionModel> partitions() {
        return partitions;
    }

    List<Node> nodes() {
        return nodes;
    }

    boolean isForgetful(int partition) {
        return forgetful.contains(partition);
    }

    /** What no client may make a broker say, or null. */
    String fault() {
        return fault;
    }

    MetadataResponse metadata() {
        MetadataResponseTopic topic = new MetadataResponseTopic().setName(EngineHarness.TOPIC).setTopicId(EngineHarness.TOPIC_ID);
        for (int p = 0; p < partitions.size(); p++) {
            PartitionModel partition = partitions.get(p);
            boolean led = partition.toldLeader() >= 0;
            topic.partitions().add(new MetadataResponsePartition().setPartitionIndex(p)
                    .setErrorCode(led ? 0 : Errors.LEADER_NOT_AVAILABLE.code())
                    .setLeaderId(partition.toldLeader()).setLeaderEpoch(partition.toldEpoch())
                    .setReplicaNodes(List.of(0)).setIsrNodes(List.of(0)));
        }
        return MetadataResponse.prepareResponse(ApiKeys.METADATA.latestVersion(), 0, nodes, "cluster", 0, List.of(topic),
                MetadataResponse.AUTHORIZED_OPERATIONS_OMITTED);
    }

    // ---------------------------------------------------------------- requests

    /** Carries out a request, unless that was done already. */
    void carryOut(ClientRequest request, SplittableRandom random) {
        if (!carriedOut.containsKey(request))
            carriedOut.put(request, isInit(request) ? producerId(random)
                    : produce(EngineHarness.batches(request), Integer.parseInt(request.destination()), random, true));
    }

    /** The answer to a request that was carried out; null before. */
    AbstractResponse takeAnswer(ClientRequest request) {
        return carriedOut.remove(request);
    }

    /** Its connection broke when a broker had read it. */
    void leaveOver(ClientRequest request) {
        if (leftOver == null && !carriedOut.containsKey(request) && !isInit(request))
            leftOver = new LeftOver(Integer.parseInt(request.destination()), EngineHarness.batches(request));
    }

    /** Its connection broke; what was carried out, was. */
    void forgetRequest(ClientRequest request) {
        carriedOut.remove(request);
    }

    /** Carries out what was left over by a broken connection. */
    void carryOutLeftOver(SplittableRandom random) {
        LeftOver request = leftOver;
        leftOver = null;
        if (request != null)
            produce(request.batches(), request.node(), random, false);
    }

    static boolean isInit(ClientRequest request) {
        return request.requestBuilder() instanceof InitProducerIdRequest.Builder;
    }

    private InitProducerIdResponse producerId(SplittableRandom random) {
        InitProducerIdResponseData data = new InitProducerIdResponseData();
        if (percent(random, manners.retriablePercent))
            data.setErrorCode((random.nextBoolean() ? Errors.COORDINATOR_LOAD_IN_PROGRESS : Errors.COORDINATOR_NOT_AVAILABLE)
                    .code());
        else if (manners.forbidsProducerIds && random.nextInt(3) == 0)
            data.setErrorCode(Errors.CLUSTER_AUTHORIZATION_FAILED.code());
        else
            data.setProducerId(nextProducerId++).setProducerEpoch(manners.newEpoch);
        return new InitProducerIdResponse(data);
    }

    private ProduceResponse produce(List<Sent> batches, int node, SplittableRandom random, boolean live) {
        TopicProduceResponse topic = new TopicProduceResponse().setName(EngineHarness.TOPIC).setTopicId(EngineHarness.TOPIC_ID);
        for (Sent sent : batches) {
            PartitionProduceResponse answer = produce(sent, node, random, live);
            if (answer != null)
                topic.partitionResponses().add(answer.setIndex(sent.partition()));
        }
        ProduceResponseData data = new ProduceResponseData();
        data.responses().add(topic);
        return new ProduceResponse(data);
    }

    /** Null to say nothing of the partition, which brokers do not do, and a client must bear. */
    private PartitionProduceResponse produce(Sent sent, int node, SplittableRandom random, boolean live) {
        PartitionModel partition = partitions.get(sent.partition());
        if (partition.leader() != node)
            return moved(partition, random);
        if (percent(random, manners.retriablePercent))
            return refusal(RETRIABLE[random.nextInt(RETRIABLE.length)]);
        if (percent(random, manners.finalPercent))
            return refusedForGood(sent, random);
        if (percent(random, manners.lyingPercent))
            return refusal(LIES[random.nextInt(LIES.length)]).setBaseOffset(random.nextInt(3) - 1)
                    .setLogStartOffset(random.nextInt(3) - 1);
        if (sent.values().stream().mapToInt(String::length).sum() > manners.maxBatchBytes)
            return refusal(Errors.MESSAGE_TOO_LARGE);
        Appended appended = partition.append(sent);
        if (appended.error() == Errors.INVALID_PRODUCER_EPOCH && live && manners.lyingPercent == 0)
            fault = "The partition had a newer epoch already than that of " + sent;
        if (appended.error() != Errors.NONE)
            return refusal(appended.error()).setLogStartOffset(partition.start());
        if (percent(random, manners.afterAppendPercent))
            return refusal(AFTER_APPEND[random.nextInt(AFTER_APPEND.length)]);
        partition.commit();
        if (appended.duplicate() && random.nextInt(4) == 0)
            return refusal(Errors.DUPLICATE_SEQUENCE_NUMBER);
        return new PartitionProduceResponse().setBaseOffset(appended.offset()).setLogStartOffset(partition.start());
    }

    private static PartitionProduceResponse moved(PartitionModel partition, SplittableRandom random) {
        PartitionProduceResponse answer = refusal(random.nextInt(4) == 0 ? Errors.UNKNOWN_TOPIC_OR_PARTITION
                : Errors.NOT_LEADER_OR_FOLLOWER);
        if (partition.leader() >= 0 && random.nextBoolean())
            answer.setCurrentLeader(new LeaderIdAndEpoch().setLeaderId(partition.leader())
                    .setLeaderEpoch(partition.leaderEpoch()));
        return answer;
    }

    private static PartitionProduceResponse refusedForGood(Sent sent, SplittableRandom random) {
        int choice = random.nextInt(FINAL.length + 2);
        if (choice == FINAL.length)
            return null;
        if (choice > FINAL.length)
            return new PartitionProduceResponse().setErrorCode(NO_SUCH_ERROR);
        PartitionProduceResponse answer = refusal(FINAL[choice]);
        if (FINAL[choice] == Errors.INVALID_RECORD)
            answer.recordErrors().add(new BatchIndexAndErrorMessage().setBatchIndex(random.nextInt(sent.values().size() + 1)));
        return answer;
    }

    private static PartitionProduceResponse refusal(Errors error) {
        return new PartitionProduceResponse().setErrorCode(error.code()).setBaseOffset(-1);
    }

    private static boolean percent(SplittableRandom random, int percent) {
        return random.nextInt(100) < percent;
    }

    // ---------------------------------------------------------------- partitions

    void forget(int partition) {
        // Nothing could tell that this is an old batch, then.
        leftOver = null;
        partitions.get(partition).forget();
        if (!manners.refusesUnknown)
            forgetful.add(partition);
    }

    /** From now on brokers do as they should. */
    void behave() {
        manners.retriablePercent = 0;
        manners.finalPercent = 0;
        manners.afterAppendPercent = 0;
        manners.lyingPercent = 0;
        manners.forbidsProducerIds = false;
        leftOver = null;
        for (PartitionModel partition : partitions) {
            if (partition.leader() < 0)
                partition.moveTo(0, 0);
            partition.tell();
        }
    }
}
