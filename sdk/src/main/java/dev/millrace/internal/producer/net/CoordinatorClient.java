package dev.millrace.internal.producer.net;

import dev.millrace.internal.producer.net.TransactionRequest.AddOffsets;
import dev.millrace.internal.producer.net.TransactionRequest.AddPartitions;
import dev.millrace.internal.producer.net.TransactionRequest.CommitOffsets;
import dev.millrace.internal.producer.net.TransactionRequest.EndTransaction;
import dev.millrace.internal.producer.net.TransactionRequest.FindCoordinator;
import dev.millrace.internal.producer.net.TransactionRequest.InitProducerId;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.ApiVersions;
import org.apache.kafka.clients.ClientResponse;
import org.apache.kafka.clients.KafkaClient;
import org.apache.kafka.clients.NodeApiVersions;
import org.apache.kafka.clients.producer.internals.ProducerMetadata;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.message.AddOffsetsToTxnRequestData;
import org.apache.kafka.common.message.EndTxnRequestData;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.FindCoordinatorResponseData.Coordinator;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.AddOffsetsToTxnRequest;
import org.apache.kafka.common.requests.AddOffsetsToTxnResponse;
import org.apache.kafka.common.requests.AddPartitionsToTxnRequest;
import org.apache.kafka.common.requests.AddPartitionsToTxnResponse;
import org.apache.kafka.common.requests.EndTxnRequest;
import org.apache.kafka.common.requests.EndTxnResponse;
import org.apache.kafka.common.requests.FindCoordinatorRequest;
import org.apache.kafka.common.requests.FindCoordinatorResponse;
import org.apache.kafka.common.requests.InitProducerIdRequest;
import org.apache.kafka.common.requests.InitProducerIdResponse;
import org.apache.kafka.common.requests.TxnOffsetCommitRequest;
import org.apache.kafka.common.requests.TxnOffsetCommitRequest.CommittedOffset;
import org.apache.kafka.common.requests.TxnOffsetCommitResponse;

/** The brokers that coordinate transactions and groups. Sender thread only, but for {@link #features}. */
public final class CoordinatorClient {

    private static final String TRANSACTION_VERSION = "transaction.version";
    /** Of InitProducerId: from this version on a coordinator gives a producer the next epoch (KIP-360). */
    private static final short RAISES_EPOCHS = 3;

    private final KafkaClient client;
    private final ProducerMetadata metadata;
    private final ApiVersions versions;
    private final int requestTimeoutMs;
    private final Map<CoordinatorType, Node> coordinators = new EnumMap<>(CoordinatorType.class);
    /** The broker that a connection was wanted to when it was asked last, null when there was one. */
    private Node connecting;

    CoordinatorClient(KafkaClient client, ProducerMetadata metadata, ApiVersions versions, int requestTimeoutMs) {
        this.client = client;
        this.metadata = metadata;
        this.versions = versions;
        this.requestTimeoutMs = requestTimeoutMs;
    }

    /** Hears what became of a request, inside a later poll. */
    public interface Listener {
        void onResponse(TransactionResponse response);

        /** The connection was lost: whether the broker acted on the request is not known. */
        void onDisconnect();

        /** The broker, or this client, does not know this request in a version that would do. */
        void onUnsupported(UnsupportedVersionException error);
    }

    /** Whether a request can go, and what is in its way. */
    public enum Readiness {
        READY,
        /** It will be, or the network tells that it failed. */
        CONNECTING,
        /** Nobody has told which broker it is. */
        UNKNOWN_COORDINATOR,
        /** The connection to the coordinator could not be made. */
        FAILED
    }

    // ---------------------------------------------------------------- features

    /**
     * What the cluster has agreed on, as far as its brokers have told.
     *
     * @param epoch grows with each change; -1 as long as none was heard of
     * @param transactionVersion 2 with KIP-890's second part, less without it
     */
    public record Features(long epoch, short transactionVersion) {
    }

    /** What is known now; any thread. */
    public Features features() {
        ApiVersions.FinalizedFeaturesInfo info = versions.getFinalizedFeaturesInfo();
        Short version = info.finalizedFeatures == null ? null : info.finalizedFeatures.get(TRANSACTION_VERSION);
        return new Features(info.finalizedFeaturesEpoch, version == null ? 0 : version);
    }

    /** Whether the transaction coordinator, which must be connected, gives a producer the next epoch. */
    public boolean coordinatorRaisesEpochs() {
        Node coordinator = coordinators.get(CoordinatorType.TRANSACTION);
        NodeApiVersions known = coordinator == null ? null : versions.get(coordinator.idString());
        return known != null && known.apiVersion(ApiKeys.INIT_PRODUCER_ID) != null
                && known.apiVersion(ApiKeys.INIT_PRODUCER_ID).maxVersion() >= RAISES_EPOCHS;
    }

    // ---------------------------------------------------------------- connections

    /** The coordinator is another by now: ask again who it is. */
    public void forget(CoordinatorType type) {
        coordinators.remove(type);
    }

    /**
     * Whether a request can be sent now; begins to connect where nothing is connected.
     *
     * @param type the coordinator it is for, or null for any broker
     * @throws AuthenticationException when the broker refused to know us
     */
    public Readiness readiness(CoordinatorType type, long nowMs) {
        // Before a broker is chosen anew: one that refused us is no choice for a while, and then its next attempt hides that.
        throwIfRefused(connecting);
        connecting = null;
        Node node = node(type, nowMs);
        if (node == null && type == null) {
            // Perhaps all brokers are others by now.
            metadata.requestUpdate(false);
            return Readiness.CONNECTING;
        }
        if (node == null)
            return Readiness.UNKNOWN_COORDINATOR;
        if (client.ready(node, nowMs))
            return Readiness.READY;
        throwIfRefused(node);
        connecting = node;
        return type != null && client.connectionFailed(node) ? Readiness.FAILED : Readiness.CONNECTING;
    }

    private void throwIfRefused(Node node) {
        AuthenticationException refused = node == null ? null : client.authenticationException(node);
        if (refused != null)
            throw refused;
    }

    private Node node(CoordinatorType type, long nowMs) {
        return type == null ? client.leastLoadedNode(nowMs).node() : coordinators.get(type);
    }

    // ---------------------------------------------------------------- requests

    /** Sends a request to a broker that is ready. */
    public void send(TransactionRequest request, CoordinatorType type, Listener listener, long nowMs) {
        client.send(client.newClientRequest(node(type, nowMs).idString(), builder(request), nowMs, true, requestTimeoutMs,
                response -> complete(request, response, listener)), nowMs);
    }

    private static AbstractRequest.Builder<?> builder(TransactionRequest request) {
        if (request instanceof FindCoordinator find)
            return new FindCoordinatorRequest.Builder(new FindCoordinatorRequestData()
                    .setKeyType(kafkaType(find.type()).id()).setKey(find.key()));
        if (request instanceof InitProducerId init)
            return new InitProducerIdRequest.Builder(new InitProducerIdRequestData()
                    .setTransactionalId(init.producer().transactionalId()).setTransactionTimeoutMs(init.transactionTimeoutMs())
                    .setProducerId(init.producer().producerId()).setProducerEpoch(init.producer().epoch()));
        if (request instanceof AddPartitions add)
            return AddPartitionsToTxnRequest.Builder.forClient(add.producer().transactionalId(), add.producer().producerId(),
                    add.producer().epoch(), add.partitions());
        if (request instanceof AddOffsets add)
            return new AddOffsetsToTxnRequest.Builder(new AddOffsetsToTxnRequestData()
                    .setTransactionalId(add.producer().transactionalId()).setProducerId(add.producer().producerId())
                    .setProducerEpoch(add.producer().epoch()).setGroupId(add.groupId()));
        if (request instanceof CommitOffsets commit)
            return new TxnOffsetCommitRequest.Builder(commit.producer().transactionalId(), commit.group().groupId(),
                    commit.producer().producerId(), commit.producer().epoch(), committed(commit),
                    commit.group().memberId(), commit.group().generationId(), commit.group().groupInstanceId(),
                    commit.transactionV2());
        EndTransaction end = (EndTransaction) request;
        return new EndTxnRequest.Builder(new EndTxnRequestData()
                .setTransactionalId(end.producer().transactionalId()).setProducerId(end.producer().producerId())
                .setProducerEpoch(end.producer().epoch()).setCommitted(end.commit()), end.transactionV2());
    }

    private static FindCoordinatorRequest.CoordinatorType kafkaType(CoordinatorType type) {
        return switch (type) {
            case TRANSACTION -> FindCoordinatorRequest.CoordinatorType.TRANSACTION;
            case GROUP -> FindCoordinatorRequest.CoordinatorType.GROUP;
        };
    }

    private static Map<TopicPartition, CommittedOffset> committed(CommitOffsets commit) {
        Map<TopicPartition, CommittedOffset> committed = new HashMap<>();
        commit.offsets().forEach((partition, offset) -> committed.put(partition,
                new CommittedOffset(offset.offset(), offset.metadata(), offset.leaderEpoch())));
        return committed;
    }

    private void complete(TransactionRequest request, ClientResponse response, Listener listener) {
        if (response.wasDisconnected())
            listener.onDisconnect();
        else if (response.versionMismatch() != null)
            listener.onUnsupported(response.versionMismatch());
        else
            listener.onResponse(translate(request, response.responseBody()));
    }

    private TransactionResponse translate(TransactionRequest request, AbstractResponse body) {
        if (body instanceof FindCoordinatorResponse found)
            return coordinator((FindCoordinator) request, found.coordinators());
        if (body instanceof InitProducerIdResponse init)
            return TransactionResponse.of(init.error(), init.data().producerId(), init.data().producerEpoch());
        if (body instanceof AddPartitionsToTxnResponse added)
            return TransactionResponse.of(added.errors().getOrDefault(AddPartitionsToTxnResponse.V3_AND_BELOW_TXN_ID, Map.of()));
        if (body instanceof AddOffsetsToTxnResponse added)
            return TransactionResponse.of(Errors.forCode(added.data().errorCode()));
        if (body instanceof TxnOffsetCommitResponse committed)
            return TransactionResponse.of(committed.errors());
        EndTxnResponse ended = (EndTxnResponse) body;
        return TransactionResponse.of(ended.error(), ended.data().producerId(), ended.data().producerEpoch());
    }

    private TransactionResponse coordinator(FindCoordinator request, List<Coordinator> found) {
        if (found.size() != 1)
            return new TransactionResponse(Errors.UNKNOWN_SERVER_ERROR, "asked for one coordinator, was told of " + found.size(),
                    -1, (short) -1, Map.of());
        Coordinator coordinator = found.get(0);
        Errors error = Errors.forCode(coordinator.errorCode());
        if (error == Errors.NONE)
            coordinators.put(request.type(), new Node(coordinator.nodeId(), coordinator.host(), coordinator.port()));
        return new TransactionResponse(error, coordinator.errorMessage(), -1, (short) -1, Map.of());
    }
}
