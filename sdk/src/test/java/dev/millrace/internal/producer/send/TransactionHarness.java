package dev.millrace.internal.producer.send;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.fail;

import dev.millrace.internal.producer.send.EngineHarness.Options;
import dev.millrace.internal.producer.txn.TransactionManager;
import dev.millrace.internal.producer.txn.TransactionResult;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.kafka.clients.ClientRequest;
import org.apache.kafka.clients.ClientResponse;
import org.apache.kafka.clients.NodeApiVersions;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.internals.ProducerMetadata;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.message.AddOffsetsToTxnResponseData;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.message.ApiVersionsResponseData.FinalizedFeatureKey;
import org.apache.kafka.common.message.EndTxnResponseData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.AddOffsetsToTxnResponse;
import org.apache.kafka.common.requests.AddPartitionsToTxnRequest;
import org.apache.kafka.common.requests.AddPartitionsToTxnResponse;
import org.apache.kafka.common.requests.EndTxnResponse;
import org.apache.kafka.common.requests.FindCoordinatorRequest;
import org.apache.kafka.common.requests.FindCoordinatorResponse;
import org.apache.kafka.common.requests.InitProducerIdResponse;
import org.apache.kafka.common.requests.TxnOffsetCommitRequest;
import org.apache.kafka.common.requests.TxnOffsetCommitResponse;
import org.apache.kafka.common.utils.MockTime;

/**
 * A transactional engine on the mock client, and the coordinators' answers, one at a time. Partition n is led by broker n; the
 * transaction coordinator is broker 1, the group coordinator broker 2. What the engine sent is kept in {@link #sent}.
 */
final class TransactionHarness implements AutoCloseable {

    static final String ID = "payments";
    static final long PRODUCER_ID = 4711;
    static final String GROUP = "readers";
    static final int COORDINATOR = 1;
    static final int GROUP_COORDINATOR = 2;
    /** Rounds in which whatever can happen without the clock has happened. */
    private static final int ROUNDS = 5;

    /** In which protocol the cluster wants its transactions. */
    enum Protocol {
        /** Brokers before 2.5: a coordinator does not give a producer its next epoch. */
        OLD(0),
        V1(1),
        V2(2);

        private final int version;

        Protocol(int version) {
            this.version = version;
        }
    }

    /** Keeps what was sent. */
    private static final class Recording extends SteppedClient {
        final List<ClientRequest> sent = new ArrayList<>();
        ApiKeys failing;
        long lastPollTimeoutMs;

        Recording(MockTime time, ProducerMetadata metadata) {
            super(time, metadata);
        }

        @Override
        public void send(ClientRequest request, long nowMs) {
            if (request.apiKey() == failing) {
                failing = null;
                throw new IllegalStateException("as the test wants it");
            }
            sent.add(request);
            super.send(request, nowMs);
        }

        @Override
        public List<ClientResponse> poll(long timeoutMs, long nowMs) {
            lastPollTimeoutMs = timeoutMs;
            return super.poll(timeoutMs, nowMs);
        }
    }

    final EngineHarness engine;
    final TransactionManager manager;
    final List<ClientRequest> sent;
    private int featuresEpoch;

    TransactionHarness(Protocol protocol, Consumer<Options> choices) {
        Options options = new Options();
        options.transactionalId = ID;
        options.brokers = 3;
        options.partitions = 3;
        options.client = Recording::new;
        choices.accept(options);
        engine = new EngineHarness(options);
        manager = engine.transactions;
        sent = engine.client instanceof Recording recording ? recording.sent : List.of();
        cluster(protocol);
    }

    /** The brokers tell what they can, and what the cluster has agreed on by now. */
    void cluster(Protocol protocol) {
        List<ApiVersion> apis = new ArrayList<>(NodeApiVersions.create().allSupportedApiVersions().values());
        if (protocol == Protocol.OLD) {
            apis.removeIf(api -> api.apiKey() == ApiKeys.INIT_PRODUCER_ID.id);
            apis.add(new ApiVersion().setApiKey(ApiKeys.INIT_PRODUCER_ID.id).setMinVersion((short) 0).setMaxVersion((short) 2));
        }
        FinalizedFeatureKey feature = new FinalizedFeatureKey().setName("transaction.version")
                .setMinVersionLevel((short) protocol.version).setMaxVersionLevel((short) protocol.version);
        featuresEpoch++;
        for (Node node : nodes())
            engine.versions.update(node.idString(), new NodeApiVersions(apis, List.of(),
                    protocol == Protocol.OLD ? List.of() : List.of(feature), protocol == Protocol.OLD ? -1 : featuresEpoch));
    }

    private List<Node> nodes() {
        return engine.metadata.fetch().nodes();
    }

    Node node(int id) {
        return nodes().stream().filter(node -> node.id() == id).findFirst().orElseThrow();
    }

    // ---------------------------------------------------------------- requests

    /** Lets the sender do what it can without the clock. */
    void settle() {
        for (int i = 0; i < ROUNDS; i++)
            engine.step();
    }

    /** As {@link #settle}, when the backoff of failed requests is over. */
    void settleAfterBackoff() {
        settle();
        engine.time.sleep(100);
        settle();
    }

    /** The kinds of requests that await an answer, oldest first. */
    List<ApiKeys> awaiting() {
        settle();
        return engine.requests().stream().map(ClientRequest::apiKey).toList();
    }

    /** The oldest request of a kind that awaits an answer. */
    ClientRequest request(ApiKeys api) {
        for (int round = 0; round < ROUNDS; round++) {
            for (ClientRequest request : engine.requests())
                if (request.apiKey() == api)
                    return request;
            engine.step();
        }
        return fail("No " + api + " awaits an answer, only " + engine.requests());
    }

    /** A request as it is on the wire, in the version that today's brokers would see. */
    static <T extends AbstractRequest> T body(ClientRequest request, Class<T> type) {
        return type.cast(request.requestBuilder().build(request.requestBuilder().latestAllowedVersion()));
    }

    <T extends AbstractRequest> T body(ApiKeys api, Class<T> type) {
        return body(request(api), type);
    }

    /** Answers the oldest request of a kind; the engine has heard of it, and has done nothing else. */
    void answer(ApiKeys api, AbstractResponse response) {
        engine.client.respondToRequest(request(api), response);
        engine.step();
    }

    /** The kinds of requests that were sent so far. */
    List<ApiKeys> sentApis() {
        return sent.stream().map(ClientRequest::apiKey).toList();
    }

    long countSent(ApiKeys api) {
        return sent.stream().filter(request -> request.apiKey() == api).count();
    }

    /** The network client throws when it is to send the next request of this kind. */
    void failNextSend(ApiKeys api) {
        ((Recording) engine.client).failing = api;
    }

    /** How long the sender was ready to wait when it waited last. */
    long lastPollTimeoutMs() {
        return ((Recording) engine.client).lastPollTimeoutMs;
    }

    // ---------------------------------------------------------------- answers

    void findCoordinator(Errors error) {
        FindCoordinatorRequest find = body(ApiKeys.FIND_COORDINATOR, FindCoordinatorRequest.class);
        boolean transaction = find.data().keyType() == FindCoordinatorRequest.CoordinatorType.TRANSACTION.id();
        findCoordinator(error, transaction ? COORDINATOR : GROUP_COORDINATOR);
    }

    void findCoordinator(Errors error, int node) {
        FindCoordinatorRequest find = body(ApiKeys.FIND_COORDINATOR, FindCoordinatorRequest.class);
        String key = find.data().coordinatorKeys().isEmpty() ? find.data().key() : find.data().coordinatorKeys().get(0);
        answer(ApiKeys.FIND_COORDINATOR, FindCoordinatorResponse.prepareResponse(error, key,
                error == Errors.NONE ? node(node) : Node.noNode()));
    }

    void initProducerId(Errors error, int epoch) {
        answer(ApiKeys.INIT_PRODUCER_ID, new InitProducerIdResponse(new InitProducerIdResponseData().setErrorCode(error.code())
                .setProducerId(error == Errors.NONE ? PRODUCER_ID : -1)
                .setProducerEpoch((short) (error == Errors.NONE ? epoch : -1))));
    }

    /** The same for all partitions asked for. */
    void addPartitions(Errors error) {
        Map<TopicPartition, Errors> errors = new HashMap<>();
        partitionsToAdd().forEach(partition -> errors.put(partition, error));
        addPartitions(errors);
    }

    void addPartitions(Map<TopicPartition, Errors> errors) {
        answer(ApiKeys.ADD_PARTITIONS_TO_TXN, new AddPartitionsToTxnResponse(new AddPartitionsToTxnResponseData()
                .setResultsByTopicV3AndBelow(AddPartitionsToTxnResponse.resultForTransaction(
                        AddPartitionsToTxnResponse.V3_AND_BELOW_TXN_ID, errors).topicResults())));
    }

    List<TopicPartition> partitionsToAdd() {
        return AddPartitionsToTxnRequest.getPartitions(((AddPartitionsToTxnRequest) request(ApiKeys.ADD_PARTITIONS_TO_TXN)
                .requestBuilder().build((short) 3)).data().v3AndBelowTopics());
    }

    void addOffsets(Errors error) {
        answer(ApiKeys.ADD_OFFSETS_TO_TXN, new AddOffsetsToTxnResponse(
                new AddOffsetsToTxnResponseData().setErrorCode(error.code())));
    }

    /** The same for all partitions asked for. */
    void commitOffsets(Errors error) {
        Map<TopicPartition, Errors> errors = new HashMap<>();
        body(ApiKeys.TXN_OFFSET_COMMIT, TxnOffsetCommitRequest.class).offsets().keySet()
                .forEach(partition -> errors.put(partition, error));
        commitOffsets(errors);
    }

    void commitOffsets(Map<TopicPartition, Errors> errors) {
        answer(ApiKeys.TXN_OFFSET_COMMIT, new TxnOffsetCommitResponse(0, errors));
    }

    /** Without a producer id, as in the protocol before KIP-890. */
    void endTransaction(Errors error) {
        answer(ApiKeys.END_TXN, new EndTxnResponse(new EndTxnResponseData().setErrorCode(error.code())));
    }

    void endTransactionWithEpoch(int epoch) {
        answer(ApiKeys.END_TXN, new EndTxnResponse(new EndTxnResponseData()
                .setProducerId(PRODUCER_ID).setProducerEpoch((short) epoch)));
    }

    /** Answers the oldest produce request. */
    void produce(Errors error, long offset) {
        ClientRequest produce = request(ApiKeys.PRODUCE);
        engine.respond(engine.requests().indexOf(produce), error, offset);
    }

    /** The only batch of the oldest produce request. */
    EngineHarness.Sent produced() {
        List<EngineHarness.Sent> batches = EngineHarness.batches(request(ApiKeys.PRODUCE));
        assertEquals(1, batches.size());
        return batches.get(0);
    }

    /** The connection to a broker breaks, and all requests to it with that. */
    void disconnect(int node) {
        engine.client.disconnect(Integer.toString(node));
        engine.step();
    }

    // ---------------------------------------------------------------- whole operations

    /** A producer that has got its id, with epoch 0. */
    TransactionHarness initialized() {
        TransactionResult result = manager.initialize();
        findCoordinator(Errors.NONE);
        initProducerId(Errors.NONE, 0);
        succeeded(result);
        manager.initialized();
        return this;
    }

    /** An open transaction with a record acknowledged in each of the partitions. */
    TransactionHarness opened(int... partitions) throws InterruptedException {
        manager.beginTransaction();
        for (int partition : partitions)
            engine.append(partition, "opening " + partition);
        if (partitions.length > 0 && !manager.isTransactionV2())
            addPartitions(Errors.NONE);
        Arrays.stream(partitions).forEach(partition -> produce(Errors.NONE, 0));
        return this;
    }

    TransactionResult sendOffsets(int... partitions) {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        for (int partition : partitions)
            offsets.put(new TopicPartition("input", partition), new OffsetAndMetadata(100 + partition));
        return manager.sendOffsets(offsets, group());
    }

    @SuppressWarnings("removal") // The only other way to one is a consumer that has joined its group.
    private static ConsumerGroupMetadata group() {
        return new ConsumerGroupMetadata(GROUP, 7, "member", Optional.empty());
    }

    // ---------------------------------------------------------------- results

    /** A caller of the operation learns that it is done. */
    void succeeded(TransactionResult result) {
        settle();
        result.await(0, "in a test");
    }

    /** A caller of the operation gets this exception. */
    <T extends RuntimeException> T failed(TransactionResult result, Class<T> type) {
        settle();
        T error = assertThrows(type, () -> result.await(0, "in a test"));
        assertFalse(error instanceof TimeoutException && error.getMessage().contains("in a test"), "it has not ended");
        return error;
    }

    /** A caller of the operation does not wait any longer. */
    void timedOut(TransactionResult result) {
        settle();
        assertThrows(TimeoutException.class, () -> result.await(0, "in a test"));
    }

    @Override
    public void close() {
        engine.close();
    }
}
