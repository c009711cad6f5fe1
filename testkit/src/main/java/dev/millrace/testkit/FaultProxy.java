package dev.millrace.testkit;

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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/**
 * A loopback TCP proxy in front of one broker, which can cut, refuse, delay, stall and swallow traffic. With no fault
 * switched on it passes every byte, and reads no faster than the other side takes them.
 *
 * <p>Faults are switched while it runs, by any thread, and hold when the method returns. They last until they are
 * switched off or {@link #heal healed}, and apply to open connections as to new ones. A broker that does not listen
 * shows as a connection that is accepted and reset.
 *
 * <pre>{@code
 * int port = LoopbackPorts.lease();
 * try (KafkaCluster cluster = KafkaCluster.builder().advertisedPort(1, port).start();
 *      FaultProxy proxy = FaultProxy.start(port, cluster.port(1))) {
 *     ... clients of cluster.bootstrapServers() come through the proxy ...
 *     proxy.blackHole(FaultProxy.Direction.TO_CLIENT);
 *     proxy.heal();
 * }
 * }</pre>
 */
public final class FaultProxy implements AutoCloseable {
    /** The way bytes go. */
    public enum Direction {
        /** Requests. */
        TO_BROKER,
        /** Responses. */
        TO_CLIENT
    }

    private static final int READ_BYTES = 64 << 10;

    private final InetSocketAddress target;
    private final Selector selector;
    private final ServerSocketChannel server;
    private final int port;
    private final Thread thread;
    private final Queue<Runnable> commands = new ConcurrentLinkedQueue<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private volatile boolean closing;

    // The proxy's thread only, but for the volatile counters.
    private final ProxyPipe.Faults toBroker = new ProxyPipe.Faults();
    private final ProxyPipe.Faults toClient = new ProxyPipe.Faults();
    private final List<ProxyConnection> connections = new ArrayList<>();
    private final ByteBuffer scratch = ByteBuffer.allocateDirect(READ_BYTES);
    private boolean refuse;
    private volatile int open;
    private volatile long accepted;
    private volatile long turns;

    private FaultProxy(int listenPort, int targetPort) throws IOException {
        target = new InetSocketAddress(InetAddress.getLoopbackAddress(), targetPort);
        selector = Selector.open();
        server = ServerSocketChannel.open();
        try {
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), listenPort), 1024);
            server.configureBlocking(false);
            server.register(selector, SelectionKey.OP_ACCEPT);
            port = server.socket().getLocalPort();
        } catch (IOException e) {
            server.close();
            selector.close();
            throw e;
        }
        thread = new Thread(this::run, "fault-proxy-" + port);
        thread.setDaemon(true);
    }

    /**
     * Starts a proxy with no faults.
     *
     * @param listenPort the loopback port clients connect to; 0 for any free one
     * @param targetPort the loopback port of the broker, which need not listen yet
     * @throws UncheckedIOException if the port is taken
     */
    public static FaultProxy start(int listenPort, int targetPort) {
        try {
            FaultProxy proxy = new FaultProxy(listenPort, targetPort);
            proxy.thread.start();
            return proxy;
        } catch (IOException e) {
            throw new UncheckedIOException("no proxy could listen on loopback port " + listenPort
                    + " (0: any); is it taken?", e);
        }
    }

    /** The loopback port clients connect to. */
    public int port() {
        return port;
    }

    /** Connections that are open now. */
    public int connections() {
        return open;
    }

    /** Connections accepted since the start, refused ones not counted. */
    public long accepted() {
        return accepted;
    }

    /** Bytes passed on in this direction since the start; swallowed ones are not counted. */
    public long bytes(Direction direction) {
        return faults(direction).bytes;
    }

    /** Closes every connection, on both sides, with RST. New ones are welcome. */
    public void cutAll() {
        command(() -> {
            connections.forEach(ProxyConnection::cut);
            forgetClosed();
        });
    }

    /** Whether new connections are closed at once, with RST. Open ones stay. */
    public void refuse(boolean on) {
        command(() -> refuse = on);
    }

    /**
     * Adds latency to all bytes, those under way included, and keeps bandwidth and order (up to 16 MiB under way in
     * each connection and direction). {@link Duration#ZERO} for none.
     */
    public void delay(Duration towardsBroker, Duration towardsClient) {
        if (towardsBroker.isNegative() || towardsClient.isNegative()) {
            throw new IllegalArgumentException("a delay must be 0 or more, asked for " + towardsBroker
                    + " to the broker and " + towardsClient + " to the client");
        }
        command(() -> {
            toBroker.delayNs = towardsBroker.toNanos();
            toClient.delayNs = towardsClient.toNanos();
        });
    }

    /**
     * Swallows all bytes of this direction, the news of an end included; {@link Direction#TO_CLIENT}: requests reach
     * the broker, their responses are lost. Healing cuts the connections that lost something.
     */
    public void blackHole(Direction direction) {
        command(() -> faults(direction).blackHole = true);
    }

    /** Holds all bytes of this direction back, until {@link #heal} lets them go on; nothing is lost. */
    public void stall(Direction direction) {
        command(() -> faults(direction).stalled = true);
    }

    /** Switches every fault off, and cuts the connections that lost bytes in a black hole. */
    public void heal() {
        command(() -> {
            refuse = false;
            toBroker.heal();
            toClient.heal();
            connections.stream().filter(ProxyConnection::lossy).forEach(ProxyConnection::cut);
        });
    }

    private ProxyPipe.Faults faults(Direction direction) {
        return direction == Direction.TO_BROKER ? toBroker : toClient;
    }

    /** Runs this on the proxy's thread, and waits until its effects are there. */
    private void command(Runnable change) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        commands.add(() -> {
            change.run();
            long nowNs = System.nanoTime();
            connections.forEach(connection -> connection.pump(nowNs));
            forgetClosed();
            done.complete(null);
        });
        selector.wakeup();
        // A proxy that has ended runs no command any more.
        CompletableFuture.anyOf(done, ended).join();
        if (!done.isDone()) {
            throw new IllegalStateException("the proxy on port " + port + " is closed");
        }
    }

    /** How often the proxy's thread woke up: a test that it does not spin. */
    long turns() {
        return turns;
    }

    private void run() {
        try {
            while (!closing) {
                long nowNs = System.nanoTime();
                long dueInNs = Long.MAX_VALUE;
                for (ProxyConnection connection : connections) {
                    dueInNs = Math.min(dueInNs, connection.dueInNs(nowNs));
                }
                select(dueInNs);
                doWork(System.nanoTime());
            }
            ended.complete(null);
        } catch (IOException | RuntimeException e) {
            ended.completeExceptionally(e);
        } finally {
            closeAll();
        }
    }

    private void select(long timeoutNs) throws IOException {
        if (timeoutNs == 0) {
            selector.selectNow();
        } else if (timeoutNs == Long.MAX_VALUE) {
            selector.select();
        } else {
            selector.select(TimeUnit.NANOSECONDS.toMillis(timeoutNs + 999_999)); // up: never awake before the time
        }
    }

    private void doWork(long nowNs) throws IOException {
        turns++;
        for (SelectionKey key : selector.selectedKeys()) {
            if (!key.isValid()) {
                continue; // its connection was cut by what its other key was ready for
            }
            if (key.isAcceptable()) {
                accept();
            } else {
                ((ProxyConnection) key.attachment()).onReady(key, scratch, nowNs);
            }
        }
        selector.selectedKeys().clear();
        connections.forEach(connection -> connection.pump(nowNs));
        forgetClosed();
        for (Runnable command = commands.poll(); command != null; command = commands.poll()) {
            command.run();
        }
    }

    private void accept() throws IOException {
        SocketChannel client = server.accept();
        if (client == null) {
            return;
        }
        if (refuse) {
            ProxyConnection.reset(client);
            return;
        }
        accepted++; // one writer: this thread
        SocketChannel broker = SocketChannel.open();
        try {
            prepare(client);
            prepare(broker);
            broker.connect(target);
            connections.add(new ProxyConnection(selector, client, broker, toBroker, toClient));
            open = connections.size();
        } catch (IOException e) {
            ProxyConnection.reset(client);
            ProxyConnection.reset(broker);
        }
    }

    private static void prepare(SocketChannel channel) throws IOException {
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    }

    private void forgetClosed() {
        if (connections.removeIf(ProxyConnection::closed)) {
            open = connections.size();
            try {
                selector.selectNow(); // a registered channel's socket is closed by the next selection, not before
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void closeAll() {
        connections.forEach(ProxyConnection::cut);
        open = 0;
        try (selector; server) {
            connections.clear();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Cuts every connection and ends. Waits for the proxy's thread. A second call does nothing.
     *
     * @throws IllegalStateException if the proxy had ended by a fault of its own
     */
    @Override
    public void close() {
        closing = true;
        selector.wakeup();
        try {
            thread.join();
            ended.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (CompletionException e) {
            throw new IllegalStateException("the proxy on port " + port + " failed", e.getCause());
        }
    }
}
