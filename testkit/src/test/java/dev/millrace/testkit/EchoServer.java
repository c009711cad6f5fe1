package dev.millrace.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/** Sends back what it gets, a thread a connection, and ends its side when the client ends its own. */
final class EchoServer implements AutoCloseable {
    private final ServerSocket server;
    private final Queue<Socket> sockets = new ConcurrentLinkedQueue<>();
    /** Bytes received. */
    final AtomicLong received = new AtomicLong();
    /** A permit a connection that ended, in order or not. */
    final Semaphore endedConnections = new Semaphore(0);
    /** A permit a connection that ended in RST. */
    final Semaphore resetConnections = new Semaphore(0);

    EchoServer() {
        try {
            server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        start(this::accept);
    }

    int port() {
        return server.getLocalPort();
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = server.accept();
                sockets.add(socket);
                start(() -> echo(socket));
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    private void echo(Socket socket) {
        try (socket) {
            InputStream in = socket.getInputStream();
            OutputStream out = socket.getOutputStream();
            byte[] buffer = new byte[32 << 10];
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                received.addAndGet(length);
                out.write(buffer, 0, length);
            }
            socket.shutdownOutput();
        } catch (IOException e) {
            resetConnections.release();
        } finally {
            endedConnections.release();
        }
    }

    private static void start(Runnable work) {
        Thread thread = new Thread(work, "echo");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
