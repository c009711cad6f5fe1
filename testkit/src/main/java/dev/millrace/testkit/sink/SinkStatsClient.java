package dev.millrace.testkit.sink;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;

/** Asks a sink in another process for its counters, over one of its ports. */
public final class SinkStatsClient {
    private static final int TIMEOUT_MS = 10_000;

    private SinkStatsClient() {
    }

    /**
     * Blocks for a round trip over loopback. The question itself is counted.
     *
     * @throws IOException if no sink answers within 10 s
     */
    public static SinkStats stats(int port) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(TIMEOUT_MS);
            int correlationId = 1;
            ByteBuffer request = ByteBuffer.allocate(12).putInt(8).putShort(SinkServer.STATS_KEY).putShort((short) 0)
                    .putInt(correlationId);
            socket.getOutputStream().write(request.array());
            byte[] response = new byte[8 + SinkCounters.BYTES];
            new DataInputStream(socket.getInputStream()).readFully(response);
            return SinkCounters.read(ByteBuffer.wrap(response, 8, SinkCounters.BYTES));
        }
    }
}
