package dev.millrace.perf.jmh;

import java.util.List;
import org.apache.kafka.clients.ClientRequest;
import org.apache.kafka.clients.ClientResponse;
import org.apache.kafka.clients.KafkaClient;
import org.apache.kafka.clients.LeastLoadedNode;
import org.apache.kafka.clients.RequestCompletionHandler;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.requests.AbstractRequest;

/** A network client for a Sender that does not run: it can only be woken, which does nothing. */
final class IdleClient implements KafkaClient {

    @Override
    public void wakeup() {
        // Nobody sleeps.
    }

    private static UnsupportedOperationException idle() {
        return new UnsupportedOperationException("nothing is sent here");
    }

    @Override
    public boolean isReady(Node node, long now) {
        throw idle();
    }

    @Override
    public boolean ready(Node node, long now) {
        throw idle();
    }

    @Override
    public long connectionDelay(Node node, long now) {
        throw idle();
    }

    @Override
    public long pollDelayMs(Node node, long now) {
        throw idle();
    }

    @Override
    public boolean connectionFailed(Node node) {
        throw idle();
    }

    @Override
    public AuthenticationException authenticationException(Node node) {
        throw idle();
    }

    @Override
    public void send(ClientRequest request, long now) {
        throw idle();
    }

    @Override
    public List<ClientResponse> poll(long timeout, long now) {
        throw idle();
    }

    @Override
    public void disconnect(String nodeId) {
        throw idle();
    }

    @Override
    public void close(String nodeId) {
        throw idle();
    }

    @Override
    public LeastLoadedNode leastLoadedNode(long now) {
        throw idle();
    }

    @Override
    public int inFlightRequestCount() {
        throw idle();
    }

    @Override
    public boolean hasInFlightRequests() {
        throw idle();
    }

    @Override
    public int inFlightRequestCount(String nodeId) {
        throw idle();
    }

    @Override
    public boolean hasInFlightRequests(String nodeId) {
        throw idle();
    }

    @Override
    public boolean hasReadyNodes(long now) {
        throw idle();
    }

    @Override
    public ClientRequest newClientRequest(String nodeId, AbstractRequest.Builder<?> requestBuilder, long createdTimeMs,
                                          boolean expectResponse) {
        throw idle();
    }

    @Override
    public ClientRequest newClientRequest(String nodeId, AbstractRequest.Builder<?> requestBuilder, long createdTimeMs,
                                          boolean expectResponse, int requestTimeoutMs, RequestCompletionHandler callback) {
        throw idle();
    }

    @Override
    public void initiateClose() {
        throw idle();
    }

    @Override
    public boolean active() {
        return true;
    }

    @Override
    public void close() {
        // Nothing is open.
    }
}
