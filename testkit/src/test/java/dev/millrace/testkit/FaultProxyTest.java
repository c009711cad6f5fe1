package dev.millrace.testkit;

import static dev.millrace.testkit.FaultProxy.Direction.TO_BROKER;
import static dev.millrace.testkit.FaultProxy.Direction.TO_CLIENT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class FaultProxyTest {
    private final EchoServer broker = new EchoServer();
    private final FaultProxy proxy = FaultProxy.start(0, broker.port());
    private final List<Socket> clients = new ArrayList<>();

    @AfterEach
    void close() throws IOException {
        for (Socket client : clients) {
            client.close();
        }
        proxy.close();
        broker.close();
    }

    private Socket connect() throws IOException {
        Socket client = new Socket(InetAddress.getLoopbackAddress(), proxy.port());
        clients.add(client);
        client.setTcpNoDelay(true);
        return client;
    }

    private static void send(Socket client, String text) throws IOException {
        client.getOutputStream().write(text.getBytes());
    }

    private static String receive(Socket client, int length) throws IOException {
        return new String(client.getInputStream().readNBytes(length));
    }

    private static void assertEchoes(Socket client, String text) throws IOException {
        send(client, text);
        assertEquals(text, receive(client, text.length()));
    }

    private static void assertSilent(Socket client) throws IOException {
        client.setSoTimeout(100);
        assertThrows(SocketTimeoutException.class, () -> client.getInputStream().read());
        client.setSoTimeout(0);
    }

    private static void assertReset(Socket client) {
        assertThrows(SocketException.class, () -> {
            if (client.getInputStream().read() == -1) {
                throw new AssertionError("ended in order, not with RST");
            }
        });
    }

    private static void assertEventually(String what, BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            LockSupport.parkNanos(100_000);
            assertFalse(Thread.interrupted(), what); // by the class's timeout
        }
    }

    @Test
    void shouldPassBytesBothWaysAndCountThem() throws IOException {
        Socket first = connect();
        Socket second = connect();
        assertEchoes(first, "hello");
        assertEchoes(second, "world!");
        assertEquals(2, proxy.connections());
        assertEquals(2, proxy.accepted());
        assertEquals(11, proxy.bytes(TO_BROKER));
        assertEventually("counted", () -> proxy.bytes(TO_CLIENT) == 11);
    }

    @Test
    void shouldPassLargeTransfersIntactOverSeveralConnectionsAtOnce() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("FaultProxyTest seed " + seed);
        byte[] data = new byte[24 << 20];
        new Random(seed).nextBytes(data);
        List<FutureTask<byte[]>> echoes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Socket client = connect();
            echoes.add(inThread(() -> {
                byte[] bytes = new byte[data.length];
                new DataInputStream(client.getInputStream()).readFully(bytes);
                return bytes;
            }));
            inThread(() -> {
                client.getOutputStream().write(data);
                return null;
            });
        }
        proxy.delay(Duration.ofMillis(5), Duration.ofMillis(1)); // faults that lose nothing may change meanwhile
        proxy.stall(TO_CLIENT);
        proxy.delay(Duration.ZERO, Duration.ofMillis(3));
        proxy.heal();
        for (FutureTask<byte[]> echo : echoes) {
            assertArrayEquals(data, echo.get());
        }
        assertEquals(3L * data.length, proxy.bytes(TO_BROKER));
    }

    /** A thread of its own for each: the common pool may have just one, and these block. */
    private static <T> FutureTask<T> inThread(Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        Thread thread = new Thread(task, "test");
        thread.setDaemon(true);
        thread.start();
        return task;
    }

    @Test
    void shouldPassOnHalfCloseAndStillDeliverTheOtherDirection() throws Exception {
        Socket client = connect();
        send(client, "last words");
        client.shutdownOutput();
        assertEquals("last words", new String(client.getInputStream().readAllBytes()));
        assertTrue(broker.endedConnections.tryAcquire(10, TimeUnit.SECONDS));
        assertEquals(0, broker.resetConnections.availablePermits());
        assertEventually("connection forgotten", () -> proxy.connections() == 0);
    }

    @Test
    void shouldResetBothSidesWhenCut() throws Exception {
        Socket first = connect();
        Socket second = connect();
        assertEchoes(first, "a");
        assertEchoes(second, "b");
        proxy.cutAll();
        assertEquals(0, proxy.connections());
        assertReset(first);
        assertReset(second);
        assertTrue(broker.resetConnections.tryAcquire(2, 10, TimeUnit.SECONDS));
        assertEchoes(connect(), "new ones are welcome");
    }

    @Test
    void shouldPassOnResetOfTheClient() throws Exception {
        Socket client = connect();
        assertEchoes(client, "a");
        client.setSoLinger(true, 0);
        client.close();
        assertTrue(broker.resetConnections.tryAcquire(10, TimeUnit.SECONDS));
        assertEventually("connection forgotten", () -> proxy.connections() == 0);
    }

    @Test
    void shouldRefuseNewConnectionsAndKeepOpenOnes() throws IOException {
        Socket open = connect();
        assertEchoes(open, "before");
        proxy.refuse(true);
        assertReset(connect());
        assertEchoes(open, "still");
        assertEquals(1, proxy.accepted());
        proxy.refuse(false);
        assertEchoes(connect(), "again");
    }

    @Test
    void shouldResetTheClientWhenNoBrokerListens() throws IOException {
        int nobody;
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = taken.getLocalPort();
        }
        try (FaultProxy toNobody = FaultProxy.start(0, nobody);
             Socket client = new Socket(InetAddress.getLoopbackAddress(), toNobody.port())) {
            assertReset(client);
        }
    }

    @Test
    void shouldDelayEachDirectionAndKeepOrder() throws IOException {
        Socket client = connect();
        assertEchoes(client, "warm");
        proxy.delay(Duration.ofMillis(70), Duration.ofMillis(80));
        long startNs = System.nanoTime();
        assertEchoes(client, "slow");
        assertTrue(System.nanoTime() - startNs >= 150_000_000, "both delays apply");
        // One after the other these would take 30 s; under way together, a fraction of a second.
        startNs = System.nanoTime();
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < 200; i++) {
            send(client, "chunk " + i + ";");
            all.append("chunk ").append(i).append(';');
        }
        assertEquals(all.toString(), receive(client, all.length()));
        assertTrue(System.nanoTime() - startNs < 20_000_000_000L, "chunks wait together");
        proxy.delay(Duration.ZERO, Duration.ZERO);
        assertEchoes(client, "fast");
        assertThrows(IllegalArgumentException.class, () -> proxy.delay(Duration.ofMillis(-1), Duration.ZERO));
    }

    @Test
    void shouldLetDelayedBytesGoAtOnceWhenTheDelayGoes() throws IOException {
        Socket client = connect();
        proxy.delay(Duration.ofHours(1), Duration.ofHours(1));
        send(client, "sent in time");
        client.shutdownOutput();
        assertSilent(client);
        assertEquals(0, broker.received.get());
        proxy.heal();
        assertEquals("sent in time", new String(client.getInputStream().readAllBytes()));
    }

    @Test
    void shouldNotSpinWhileBytesAreDelayedStalledOrBlocked() throws IOException {
        Socket client = connect();
        assertEchoes(client, "warm");
        proxy.delay(Duration.ofHours(1), Duration.ZERO);
        send(client, "delayed");
        assertQuiet(client);
        proxy.delay(Duration.ZERO, Duration.ZERO);
        assertEquals("delayed", receive(client, 7));
        proxy.stall(TO_CLIENT);
        send(client, "stalled");
        assertQuiet(client);
        proxy.heal();
        assertEquals("stalled", receive(client, 7));
    }

    private void assertQuiet(Socket client) throws IOException {
        long before = proxy.turns();
        assertSilent(client);
        assertSilent(client);
        assertTrue(proxy.turns() - before < 20, "the proxy's thread woke up " + (proxy.turns() - before) + " times");
    }

    @Test
    void shouldSwallowResponsesWhileRequestsArrive() throws Exception {
        Socket client = connect();
        assertEchoes(client, "before");
        proxy.blackHole(TO_CLIENT);
        send(client, "request");
        assertEventually("request arrived", () -> broker.received.get() == 13);
        assertSilent(client);
        assertEquals(1, proxy.connections());
        proxy.heal();
        assertReset(client); // a stream with a hole in it is of no use
        assertTrue(broker.resetConnections.tryAcquire(10, TimeUnit.SECONDS));
        assertEchoes(connect(), "after");
    }

    @Test
    void shouldKeepConnectionsThatLostNothingInABlackHole() throws IOException {
        Socket idle = connect();
        assertEchoes(idle, "before");
        proxy.blackHole(TO_BROKER);
        proxy.blackHole(TO_CLIENT);
        proxy.heal();
        assertEchoes(idle, "after");
    }

    @Test
    void shouldKeepTheEndOfAClientFromTheBrokerInABlackHole() throws Exception {
        Socket client = connect();
        assertEchoes(client, "before");
        proxy.blackHole(TO_BROKER);
        send(client, "lost");
        client.close();
        assertFalse(broker.endedConnections.tryAcquire(100, TimeUnit.MILLISECONDS));
        assertEquals(6, broker.received.get());
        proxy.heal();
        assertTrue(broker.endedConnections.tryAcquire(10, TimeUnit.SECONDS));
    }

    @Test
    void shouldHoldBytesBackAndLoseNoneWhenStalled() throws IOException {
        Socket client = connect();
        assertEchoes(client, "before");
        proxy.stall(TO_BROKER);
        send(client, "held");
        assertSilent(client);
        assertEquals(6, broker.received.get());
        proxy.heal();
        assertEquals("held", receive(client, 4));
    }

    /**
     * A sender must be stopped by a receiver that does not read: what is under way is what kernels and one chunk hold.
     */
    @Test
    void shouldNotReadFasterThanTheOtherSideTakes() throws Exception {
        long bound = 64L << 20;
        try (ServerSocket lazy = new ServerSocket()) {
            lazy.setReceiveBufferSize(64 << 10);
            lazy.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            try (FaultProxy toLazy = FaultProxy.start(0, lazy.getLocalPort());
                 Selector selector = Selector.open();
                 SocketChannel client = SocketChannel.open(
                         new InetSocketAddress(InetAddress.getLoopbackAddress(), toLazy.port()));
                 Socket server = lazy.accept()) {
                client.configureBlocking(false);
                client.register(selector, SelectionKey.OP_WRITE);
                long written = writeUntilBlocked(client, selector, 0, bound);
                assertTrue(written < bound, "the client could write " + written + " bytes that nobody read");
                long turns = toLazy.turns();
                assertEquals(0, selector.select(200));
                assertTrue(toLazy.turns() - turns < 20, "no spinning while blocked");
                // Many bytes the socket does not take; then it would, but they must wait again.
                toLazy.delay(Duration.ofHours(1), Duration.ZERO);
                written = writeUntilBlocked(client, selector, written, 2 * bound);
                assertTrue(written < 2 * bound, written + " bytes are under way");
                toLazy.delay(Duration.ZERO, Duration.ZERO);
                toLazy.delay(Duration.ofHours(1), Duration.ZERO);
                ByteArrayOutputStream read = new ByteArrayOutputStream();
                readUntilSilent(server, read);
                turns = toLazy.turns();
                readUntilSilent(server, read);
                assertTrue(toLazy.turns() - turns < 20, "no spinning while delayed");
                toLazy.heal();
                client.shutdownOutput();
                server.setSoTimeout(0);
                server.getInputStream().transferTo(read);
                byte[] all = read.toByteArray();
                assertEquals(written, all.length);
                for (int i = 0; i < all.length; i++) {
                    assertEquals((byte) (i % 251), all[i]);
                }
            }
        }
    }

    private static long writeUntilBlocked(SocketChannel client, Selector selector, long from, long bound)
            throws IOException {
        ByteBuffer chunk = ByteBuffer.allocateDirect(64 << 10);
        long written = from;
        while (written < bound && selector.select(300) > 0) {
            selector.selectedKeys().clear();
            chunk.clear();
            for (int i = 0; i < chunk.capacity(); i++) {
                chunk.put(i, (byte) ((written + i) % 251));
            }
            written += client.write(chunk);
        }
        return written;
    }

    private static void readUntilSilent(Socket socket, ByteArrayOutputStream to) throws IOException {
        socket.setSoTimeout(200);
        try {
            socket.getInputStream().transferTo(to);
        } catch (SocketTimeoutException e) {
            // Silent.
        }
    }

    @Test
    void shouldLeaveNoThreadNorConnectionWhenClosed() throws Exception {
        Socket client = connect();
        assertEchoes(client, "a");
        String threadName = "fault-proxy-" + proxy.port();
        assertTrue(hasThread(threadName));
        proxy.close();
        assertFalse(hasThread(threadName));
        assertReset(client);
        assertTrue(broker.endedConnections.tryAcquire(10, TimeUnit.SECONDS));
        assertThrows(IOException.class, this::connect);
        assertThrows(IllegalStateException.class, proxy::cutAll);
        proxy.close();
    }

    @Test
    void shouldSayWhichPortIsTaken() {
        UncheckedIOException error = assertThrows(UncheckedIOException.class, () -> FaultProxy.start(proxy.port(), 1));
        assertTrue(error.getMessage().contains(Integer.toString(proxy.port())));
    }

    private static boolean hasThread(String name) {
        return Thread.getAllStackTraces().keySet().stream().anyMatch(thread -> thread.getName().equals(name));
    }
}
