package dev.millrace.internal.producer.net;

import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.internal.producer.net.ProduceCall.Acknowledgement;
import dev.millrace.internal.producer.net.ProduceCall.Transactional;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.clients.ApiVersions;
import org.apache.kafka.clients.ClientRequest;
import org.apache.kafka.clients.ClientResponse;
import org.apache.kafka.clients.KafkaClient;
import org.apache.kafka.clients.Metadata.LeaderIdAndEpoch;
import org.apache.kafka.clients.MetadataSnapshot;
import org.apache.kafka.clients.producer.internals.ProducerMetadata;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.ProduceResponseData.NodeEndpoint;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.InitProducerIdRequest;
import org.apache.kafka.common.requests.InitProducerIdResponse;
import org.apache.kafka.common.requests.ProduceResponse;

/**
 * The brokers as the engine sees them: requests of its own kind go out, results come back inside {@link #poll}.
 *
 * <p>Threads: {@link #wakeup} and {@link #requestsInFlight} are for any; everything else for the sender thread.
 */
public final class BrokerClient implements Closeable {

    private final KafkaClient client;
    private final ProducerMetadata metadata;
    private final short acks;
    private final int requestTimeoutMs;
    private final String transactionalId;
    private final CoordinatorClient coordinators;
    private final WireBuffers buffers = new WireBuffers();
    private ClusterLeaders leaders;

    /** A producer id that was given, or why not. */
    public record ProducerIdResult(Errors error, long producerId, short epoch) {
    }

    /** @param transactionalId null for none */
    public BrokerClient(KafkaClient client, ProducerMetadata metadata, ApiVersions versions, short acks, int requestTimeoutMs,
                        String transactionalId) {
        this.client = client;
        this.metadata = metadata;
        this.acks = acks;
        this.requestTimeoutMs = requestTimeoutMs;
        this.transactionalId = transactionalId;
        this.coordinators = new CoordinatorClient(client, metadata, versions, requestTimeoutMs);
    }

    // ---------------------------------------------------------------- metadata

    /** The leaders of now; the same object until the metadata change. */
    public ClusterLeaders leaders() {
        MetadataSnapshot now = metadata.fetchMetadataSnapshot();
        if (leaders == null || !leaders.isOf(now))
            leaders = new ClusterLeaders(now);
        return leaders;
    }

    /** Asks for new metadata, with the next poll. */
    public void requestMetadata() {
        metadata.requestUpdate(false);
    }

    /** Asks for new metadata because these topics have records and no leader. */
    public void requestLeaders(Collection<String> topics, long nowMs) {
        topics.forEach(topic -> metadata.add(topic, nowMs));
        metadata.requestUpdate(false);
    }

    // ---------------------------------------------------------------- requests

    /** Whether a request can be sent to a node now; begins to connect when it is not connected. */
    public boolean ready(int nodeId, long nowMs) {
        Node node = leaders().node(nodeId);
        return node != null && client.ready(node, nowMs);
    }

    /** How long to wait for a node that is not ready, in ms, unless something is heard of it before. */
    public long pollDelayMs(int nodeId, long nowMs) {
        Node node = leaders().node(nodeId);
        return node == null ? Long.MAX_VALUE : client.pollDelayMs(node, nowMs);
    }

    /** The brokers that transactions are asked of. */
    public CoordinatorClient coordinators() {
        return coordinators;
    }

    /**
     * Sends finished batches to a node that is ready.
     *
     * @param transactionV1 transactional batches, in the protocol before KIP-890
     */
    public void produce(int nodeId, List<ProducerBatch> batches, boolean transactionV1, ProduceListener listener, long nowMs) {
        int size = 0;
        for (ProducerBatch batch : batches)
            size += batch.size();
        ByteBuffer wire = buffers.take(size);
        ProduceCall call = new ProduceCall(batches, wire, metadata.topicIds(), metadata.topicNames(),
                new Acknowledgement(acks, requestTimeoutMs), new Transactional(transactionalId, transactionV1));
        ClientRequest request = client.newClientRequest(Integer.toString(nodeId), call.builder(), nowMs, acks != 0,
                requestTimeoutMs, response -> completeProduce(nodeId, call, response, listener));
        client.send(request, nowMs);
    }

    private void completeProduce(int nodeId, ProduceCall call, ClientResponse response, ProduceListener listener) {
        // The response came, or its connection is closed: nobody reads the buffer any more.
        buffers.giveBack(call.wire());
        try {
            Map<TopicPartition, LeaderIdAndEpoch> newLeaders = new HashMap<>();
            call.complete(response, listener, newLeaders);
            if (!newLeaders.isEmpty())
                metadata.updatePartitionLeadership(newLeaders, endpoints((ProduceResponse) response.responseBody()));
        } finally {
            listener.onDone(nodeId);
        }
        if (response.hasResponse())
            listener.onResponse(nodeId, response.requestLatencyMs());
    }

    private static List<Node> endpoints(ProduceResponse response) {
        return response.data().nodeEndpoints().stream()
                .map((NodeEndpoint e) -> new Node(e.nodeId(), e.host(), e.port(), e.rack()))
                .filter(node -> !node.equals(Node.noNode()))
                .toList();
    }

    /**
     * Asks any broker for a producer id.
     *
     * @param result told inside a later poll; a lost connection is {@link Errors#NETWORK_EXCEPTION}
     * @return false when no broker is ready; nothing was sent then
     */
    public boolean initProducerId(Consumer<ProducerIdResult> result, long nowMs) {
        Node node = client.leastLoadedNode(nowMs).node();
        if (node == null || !client.ready(node, nowMs))
            return false;
        InitProducerIdRequest.Builder builder = new InitProducerIdRequest.Builder(new InitProducerIdRequestData()
                .setTransactionalId(null).setTransactionTimeoutMs(Integer.MAX_VALUE));
        client.send(client.newClientRequest(node.idString(), builder, nowMs, true, requestTimeoutMs,
                response -> result.accept(producerId(response))), nowMs);
        return true;
    }

    private static ProducerIdResult producerId(ClientResponse response) {
        if (response.versionMismatch() != null)
            return new ProducerIdResult(Errors.UNSUPPORTED_VERSION, -1, (short) -1);
        if (!response.hasResponse())
            return new ProducerIdResult(Errors.NETWORK_EXCEPTION, -1, (short) -1);
        InitProducerIdResponse body = (InitProducerIdResponse) response.responseBody();
        return new ProducerIdResult(body.error(), body.data().producerId(), body.data().producerEpoch());
    }

    // ---------------------------------------------------------------- I/O

    /** Writes, reads, and tells listeners; blocks until something happened, {@link #wakeup}, or the time is over. */
    public void poll(long timeoutMs, long nowMs) {
        client.poll(timeoutMs, nowMs);
    }

    /** Makes the poll that runs, or the next one, return at once; any thread. */
    public void wakeup() {
        client.wakeup();
    }

    /** Requests that await a response; any thread, then perhaps stale. */
    public int requestsInFlight() {
        return client.inFlightRequestCount();
    }

    @Override
    public void close() throws IOException {
        client.close();
    }
}
