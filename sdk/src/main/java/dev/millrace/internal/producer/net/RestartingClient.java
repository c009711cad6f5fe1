package dev.millrace.internal.producer.net;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.clients.ClientRequest;
import org.apache.kafka.clients.ClientResponse;
import org.apache.kafka.clients.KafkaClient;
import org.apache.kafka.clients.LeastLoadedNode;
import org.apache.kafka.clients.RequestCompletionHandler;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.utils.Time;
import org.slf4j.Logger;

/**
 * A network client that is replaced by a new one when its {@link #poll} fails.
 *
 * <p>Kafka's client throws out of its poll when it can't read an answer, or an answer is to no request, or there is no memory
 * for it. The request is then forgotten without its handler being told, and all other answers of that round with it; when it was
 * for metadata, none are ever asked for again; and a connection without memory is polled without pause. A new client starts from
 * the beginning, and all that awaited an answer is told that its connection is lost. When its first poll fails too, the brokers
 * that metadata name can't be used, and those of {@code bootstrap.servers} are asked again.
 *
 * <p>Threads: {@link #wakeup} and {@link #inFlightRequestCount()} are for any; everything else for the sender thread.
 */
final class RestartingClient implements KafkaClient {

    /** A client, and how to close its connections and nothing else. */
    record Connected(KafkaClient client, AutoCloseable connections) {
    }

    private final Supplier<Connected> factory;
    private final Runnable rebootstrap;
    private final Time time;
    private final Logger log;
    /** Sent, and the handler not told. Sender thread only. */
    private final Set<Handler> awaited = new LinkedHashSet<>();
    /** Written by the sender thread. */
    private volatile Connected now;

    /** Sender thread only. */
    private boolean failed;

    /**
     * @param factory makes a client each time
     * @param rebootstrap forgets what is known of the cluster
     */
    RestartingClient(Supplier<Connected> factory, Runnable rebootstrap, Time time, Logger log) {
        this.factory = factory;
        this.rebootstrap = rebootstrap;
        this.time = time;
        this.log = log;
        this.now = factory.get();
    }

    /** Notes that its request was answered. */
    private final class Handler implements RequestCompletionHandler {
        private final RequestCompletionHandler told;
        private ClientRequest request;

        Handler(RequestCompletionHandler told) {
            this.told = told;
        }

        @Override
        public void onComplete(ClientResponse response) {
            // Once only, whatever comes after.
            if (awaited.remove(this) && told != null)
                told.onComplete(response);
        }

        void connectionLost(long nowMs) {
            onComplete(new ClientResponse(request.makeHeader(request.requestBuilder().latestAllowedVersion()), this,
                    request.destination(), request.createdTimeMs(), nowMs, true, null, null, null));
        }
    }

    @Override
    public List<ClientResponse> poll(long timeoutMs, long nowMs) {
        try {
            List<ClientResponse> responses = now.client().poll(timeoutMs, nowMs);
            failed = false;
            return responses;
        } catch (RuntimeException | Error e) {
            // After close() there is nothing to go on with.
            if (now.client().active())
                restart();
            // For the log, and for a pause: whoever made it fail may do so again at once.
            throw e;
        }
    }

    private void restart() {
        log.warn("The network client failed; all connections are made anew");
        try {
            // First, for the metrics of the new ones have the same names.
            now.connections().close();
        } catch (Exception e) {
            log.warn("Connections could not be closed", e);
        }
        try {
            now = factory.get();
            if (failed)
                rebootstrap.run();
            failed = true;
        } finally {
            // Also when there is no new client, a key store being gone: what awaits an answer must not wait for ever.
            loseConnections();
        }
    }

    private void loseConnections() {
        for (Handler handler : new ArrayList<>(awaited))
            try {
                handler.connectionLost(time.milliseconds());
            } catch (RuntimeException e) {
                log.error("Uncaught error in request completion:", e);
            }
    }

    @Override
    public ClientRequest newClientRequest(String nodeId, AbstractRequest.Builder<?> requestBuilder, long createdTimeMs,
                                          boolean expectResponse) {
        return now.client().newClientRequest(nodeId, requestBuilder, createdTimeMs, expectResponse);
    }

    @Override
    public ClientRequest newClientRequest(String nodeId, AbstractRequest.Builder<?> requestBuilder, long createdTimeMs,
                                          boolean expectResponse, int requestTimeoutMs, RequestCompletionHandler callback) {
        Handler handler = new Handler(callback);
        handler.request = now.client().newClientRequest(nodeId, requestBuilder, createdTimeMs, expectResponse, requestTimeoutMs,
                handler);
        return handler.request;
    }

    @Override
    public void send(ClientRequest request, long nowMs) {
        if (!(request.callback() instanceof Handler handler)) {
            now.client().send(request, nowMs);
            return;
        }
        awaited.add(handler);
        try {
            now.client().send(request, nowMs);
        } catch (RuntimeException | Error e) {
            // Whoever sent it hears of it by the exception.
            awaited.remove(handler);
            throw e;
        }
    }

    @Override
    public boolean isReady(Node node, long nowMs) {
        return now.client().isReady(node, nowMs);
    }

    @Override
    public boolean ready(Node node, long nowMs) {
        return now.client().ready(node, nowMs);
    }

    @Override
    public long connectionDelay(Node node, long nowMs) {
        return now.client().connectionDelay(node, nowMs);
    }

    @Override
    public long pollDelayMs(Node node, long nowMs) {
        return now.client().pollDelayMs(node, nowMs);
    }

    @Override
    public boolean connectionFailed(Node node) {
        return now.client().connectionFailed(node);
    }

    @Override
    public AuthenticationException authenticationException(Node node) {
        return now.client().authenticationException(node);
    }

    @Override
    public void disconnect(String nodeId) {
        now.client().disconnect(nodeId);
    }

    @Override
    public void close(String nodeId) {
        now.client().close(nodeId);
    }

    @Override
    public LeastLoadedNode leastLoadedNode(long nowMs) {
        return now.client().leastLoadedNode(nowMs);
    }

    @Override
    public int inFlightRequestCount() {
        return now.client().inFlightRequestCount();
    }

    @Override
    public boolean hasInFlightRequests() {
        return now.client().hasInFlightRequests();
    }

    @Override
    public int inFlightRequestCount(String nodeId) {
        return now.client().inFlightRequestCount(nodeId);
    }

    @Override
    public boolean hasInFlightRequests(String nodeId) {
        return now.client().hasInFlightRequests(nodeId);
    }

    @Override
    public boolean hasReadyNodes(long nowMs) {
        return now.client().hasReadyNodes(nowMs);
    }

    @Override
    public void wakeup() {
        now.client().wakeup();
    }

    @Override
    public void initiateClose() {
        now.client().initiateClose();
    }

    @Override
    public boolean active() {
        return now.client().active();
    }

    @Override
    public void close() throws IOException {
        now.client().close();
    }
}
