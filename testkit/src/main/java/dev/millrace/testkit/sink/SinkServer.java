package dev.millrace.testkit.sink;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.common.protocol.ApiKeys;

/** The sink's one thread: accepts, reads, answers, and sends responses when their time has come. */
public final class SinkServer implements AutoCloseable {
    /** A request of this key, which Kafka does not have, is answered with {@link SinkCounters#write}. */
    static final short STATS_KEY = 32000;

    private final Selector selector;
    private final List<ServerSocketChannel> listeners = new ArrayList<>();
    private final int[] ports;
    private final long delayNs;
    private final SinkCounters counters = new SinkCounters();
    private final ProduceAnswer produce;
    private final FetchAnswer fetch;
    private final ControlAnswer control;
    private final List<SinkConnection> connections = new ArrayList<>(); // sink's thread only
    private final WakeupTimer timer;
    private final Thread thread;
    private volatile boolean closing;

    /**
     * Listens; answers only after {@link #start} or {@link #run}.
     *
     * @throws UncheckedIOException if no port can be had
     */
    public SinkServer(SinkOptions options) {
        ports = new int[options.brokers()];
        delayNs = options.delay().toNanos();
        try {
            selector = Selector.open();
            timer = new WakeupTimer(selector);
            for (int i = 0; i < ports.length; i++) {
                ServerSocketChannel listener = ServerSocketChannel.open();
                listeners.add(listener);
                listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1024);
                listener.configureBlocking(false);
                listener.register(selector, SelectionKey.OP_ACCEPT);
                ports[i] = listener.socket().getLocalPort();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the sink broker could not listen on a free loopback port", e);
        }
        SinkTopics topics = new SinkTopics(options.topics(), options.anyTopicPartitions());
        PreparedBatch batch = options.fetchBatch().length == 0 ? null
                : new PreparedBatch(options.fetchBatch(), options.fetchBatches());
        produce = new ProduceAnswer(topics, counters);
        fetch = new FetchAnswer(topics, batch, counters);
        control = new ControlAnswer(topics, batch, ports, options.maxProduceVersion());
        thread = new Thread(this::run, "sink-broker-" + ports[0]);
        thread.setDaemon(true);
    }

    /** Starts a daemon thread that does {@link #run}. */
    public void start() {
        thread.start();
    }

    /** For {@code bootstrap.servers}. */
    public String bootstrapServers() {
        return IntStream.of(ports).mapToObj(port -> "127.0.0.1:" + port).collect(Collectors.joining(","));
    }

    /** What came in so far. Any thread. */
    public SinkStats stats() {
        return counters.stats();
    }

    /** Serves until {@link #close}, on the calling thread. */
    public void run() {
        timer.start();
        try {
            while (!closing) {
                select();
                long nowNs = System.nanoTime();
                for (Iterator<SelectionKey> keys = selector.selectedKeys().iterator(); keys.hasNext(); keys.remove()) {
                    SelectionKey key = keys.next();
                    if (key.isAcceptable()) {
                        accept((ServerSocketChannel) key.channel());
                    } else {
                        serve((SinkConnection) key.attachment(), nowNs);
                    }
                }
                flushDue(nowNs);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the sink broker cannot go on", e);
        } finally {
            closeAll();
        }
    }

    private void select() throws IOException {
        long nowNs = System.nanoTime();
        long dueInNs = Long.MAX_VALUE;
        for (int i = 0; i < connections.size(); i++) {
            dueInNs = Math.min(dueInNs, connections.get(i).dueInNs(nowNs));
        }
        if (dueInNs == Long.MAX_VALUE) {
            selector.select();
        } else if (dueInNs == 0) {
            selector.selectNow();
        } else {
            timer.at(nowNs + dueInNs);
            selector.select();
        }
    }

    private void accept(ServerSocketChannel listener) throws IOException {
        SocketChannel channel = listener.accept();
        if (channel == null) {
            return;
        }
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        SelectionKey key = channel.register(selector, SelectionKey.OP_READ);
        SinkConnection connection = new SinkConnection(channel, key, this::answer);
        key.attach(connection);
        connections.add(connection);
        counters.connections++;
    }

    private void answer(ByteBuffer request, ResponseBuffer out, long nowNs) {
        counters.requests++;
        short key = request.getShort(request.position());
        if (key == ApiKeys.PRODUCE.id) {
            produce.answer(request, out, nowNs + delayNs);
        } else if (key == ApiKeys.FETCH.id) {
            fetch.answer(request, out, nowNs + delayNs);
        } else if (key == STATS_KEY) {
            out.begin(request.getInt(request.position() + 4), false);
            counters.write(out.room(SinkCounters.BYTES));
            out.end(nowNs);
        } else {
            control.answer(request, out, nowNs);
        }
    }

    private void serve(SinkConnection connection, long nowNs) throws IOException {
        boolean open;
        try {
            open = connection.onReady(nowNs);
        } catch (RuntimeException e) { // Kafka's parsers throw many kinds
            counters.broken++;
            System.err.println("sink broker: closed a connection that sent " + e);
            open = false;
        } catch (IOException e) {
            open = false; // reset by the client
        }
        if (!open) {
            connections.remove(connection);
            connection.close();
        }
    }

    private void flushDue(long nowNs) throws IOException {
        for (int i = connections.size() - 1; i >= 0; i--) {
            SinkConnection connection = connections.get(i);
            if (connection.dueInNs(nowNs) == 0) {
                try {
                    connection.flush(nowNs);
                } catch (IOException e) {
                    connections.remove(i);
                    connection.close();
                }
            }
        }
    }

    private void closeAll() {
        try (timer; selector) {
            for (SinkConnection connection : connections) {
                connection.close();
            }
            for (ServerSocketChannel listener : listeners) {
                listener.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Closes every connection and ends the thread, if it was started; waits for it. A second call does nothing. */
    @Override
    public void close() {
        closing = true;
        selector.wakeup();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
