package dev.millrace;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.feature.Features;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersionCollection;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponsePartition;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.ApiVersionsResponse;
import org.apache.kafka.common.requests.InitProducerIdResponse;
import org.apache.kafka.common.requests.MetadataResponse;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.ProduceResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.requests.RequestTestUtils;

/**
 * One broker on a loopback socket, a thread a connection, that knows what a producer must be answered and lets a test answer
 * something else. It stores nothing and checks nothing.
 */
final class FakeBroker implements AutoCloseable {

    static final String TOPIC = "orders";
    static final Uuid TOPIC_ID = Uuid.fromString("MKXx1fIkQy2J9jXHhK8m1w");
    static final int PARTITIONS = 2;

    private static final int MAX_REQUEST = 16 << 20;

    /** What is answered instead of the truth. */
    interface Answer {
        /** Bytes for the socket, the size in front included; null to break the connection without. */
        byte[] to(Question question) throws IOException;
    }

    /** Ends the connection after some bytes of an answer. */
    static final class Break extends RuntimeException {
        private static final long serialVersionUID = 1;
        private final transient byte[] before;

        Break(byte[] before) {
            this.before = before;
        }
    }

    /** A request with its true answer. */
    record Question(RequestHeader header, AbstractResponse truth, int connection) {

        ApiKeys api() {
            return header.apiKey();
        }

        /** The true answer's bytes. */
        byte[] frame() {
            return frame(truth);
        }

        byte[] frame(AbstractResponse response) {
            return frame(response, header.correlationId());
        }

        byte[] frame(AbstractResponse response, int correlationId) {
            ByteBuffer body = RequestTestUtils.serializeResponseWithHeader(response, header.apiVersion(), correlationId);
            return ByteBuffer.allocate(Integer.BYTES + body.remaining()).putInt(body.remaining()).put(body).array();
        }
    }

    private final ServerSocket server;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicLong offset = new AtomicLong();
    private volatile Answer answer = Question::frame;
    private volatile int leaderEpoch;

    FakeBroker() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        start("accept", this::accept);
    }

    private static void start(String name, Runnable work) {
        Thread thread = new Thread(work, "fake broker, " + name);
        thread.setDaemon(true);
        thread.start();
    }

    String address() {
        return server.getInetAddress().getHostAddress() + ":" + server.getLocalPort();
    }

    int port() {
        return server.getLocalPort();
    }

    void answer(Answer other) {
        answer = other;
    }

    void tellTheTruth() {
        answer = Question::frame;
        // A client believes who names the newest epoch.
        leaderEpoch = 1000;
        // Clients must not go on waiting for what was cut short.
        sockets.forEach(FakeBroker::close);
    }

    /** Connections so far. */
    int connections() {
        return connections.get();
    }

    /** Requests so far. */
    int requests() {
        return requests.get();
    }

    @Override
    public void close() throws IOException {
        server.close();
        sockets.forEach(FakeBroker::close);
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = server.accept();
                sockets.add(socket);
                int number = connections.incrementAndGet();
                start("connection " + number, () -> serve(socket, number));
            }
        } catch (SocketException e) {
            // Closed.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void serve(Socket socket, int number) {
        try (socket; DataInputStream in = new DataInputStream(socket.getInputStream())) {
            while (true) {
                int size = in.readInt();
                if (size < 0 || size > MAX_REQUEST)
                    throw new IOException("A request of " + size + " bytes");
                byte[] bytes = new byte[size];
                in.readFully(bytes);
                requests.incrementAndGet();
                if (!answer(socket.getOutputStream(), question(ByteBuffer.wrap(bytes), number)))
                    return;
            }
        } catch (EOFException | SocketException e) {
            // The client, or the test, has closed it.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            sockets.remove(socket);
        }
    }

    /** False to end the connection. */
    private boolean answer(OutputStream out, Question question) throws IOException {
        try {
            byte[] bytes = answer.to(question);
            if (bytes != null)
                out.write(bytes);
            return bytes != null;
        } catch (Break e) {
            out.write(e.before);
            return false;
        }
    }

    // ---------------------------------------------------------------- the truth

    private Question question(ByteBuffer bytes, int connection) {
        RequestHeader header = RequestHeader.parse(bytes);
        AbstractRequest request = AbstractRequest.parseRequest(header.apiKey(), header.apiVersion(),
                new ByteBufferAccessor(bytes)).request;
        AbstractResponse truth = switch (header.apiKey()) {
            case API_VERSIONS -> versions();
            case METADATA -> metadata(header.apiVersion());
            case INIT_PRODUCER_ID -> new InitProducerIdResponse(new InitProducerIdResponseData().setProducerId(4711)
                    .setProducerEpoch((short) 0));
            case PRODUCE -> produce((ProduceRequest) request);
            default -> throw new IllegalArgumentException("Nobody said that this broker knows " + header.apiKey());
        };
        return new Question(header, truth, connection);
    }

    private static ApiVersionsResponse versions() {
        ApiVersionCollection versions = new ApiVersionCollection();
        for (ApiKeys key : List.of(ApiKeys.API_VERSIONS, ApiKeys.METADATA, ApiKeys.INIT_PRODUCER_ID, ApiKeys.PRODUCE))
            versions.add(ApiVersionsResponse.toApiVersion(key));
        return new ApiVersionsResponse.Builder().setApiVersions(versions)
                .setSupportedFeatures(Features.emptySupportedFeatures()).setFinalizedFeatures(Map.of()).build();
    }

    private MetadataResponse metadata(short version) {
        Node self = new Node(0, server.getInetAddress().getHostAddress(), port());
        MetadataResponseTopic topic = new MetadataResponseTopic().setName(TOPIC).setTopicId(TOPIC_ID);
        for (int p = 0; p < PARTITIONS; p++)
            topic.partitions().add(new MetadataResponsePartition().setPartitionIndex(p).setLeaderId(0).setLeaderEpoch(leaderEpoch)
                    .setReplicaNodes(List.of(0)).setIsrNodes(List.of(0)));
        return MetadataResponse.prepareResponse(version, 0, new ArrayList<>(List.of(self)), "fake", 0,
                new ArrayList<>(List.of(topic)), MetadataResponse.AUTHORIZED_OPERATIONS_OMITTED);
    }

    private ProduceResponse produce(ProduceRequest request) {
        ProduceResponseData data = new ProduceResponseData();
        for (TopicProduceData topic : request.data().topicData()) {
            TopicProduceResponse answered = new TopicProduceResponse().setName(topic.name()).setTopicId(topic.topicId());
            for (PartitionProduceData partition : topic.partitionData())
                answered.partitionResponses().add(new PartitionProduceResponse().setIndex(partition.index())
                        .setBaseOffset(offset.getAndAdd(100)));
            data.responses().add(answered);
        }
        return new ProduceResponse(data);
    }
}
