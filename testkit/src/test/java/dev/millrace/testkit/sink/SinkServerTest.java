package dev.millrace.testkit.sink;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SinkServerTest {
    /** Requests of every size, cut anywhere: small ones many at a time, large ones over several reads. */
    @Test
    void shouldFindRequestsHoweverTheirBytesArrive() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("SinkServerTest seed " + seed);
        Random random = new Random(seed);
        int[] sizes = new int[400];
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = 8 + (i % 4 == 0 ? random.nextInt(600_000) : random.nextInt(100_000));
        }
        SinkOptions options = new SinkOptions(1, Map.of(), 1, Duration.ZERO, 13, new byte[0], 0);
        try (SinkServer server = new SinkServer(options)) {
            server.start();
            int port = Integer.parseInt(server.bootstrapServers().split(":")[1]);
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> write(socket, sizes, random));
                DataInputStream in = new DataInputStream(socket.getInputStream());
                for (int i = 0; i < sizes.length; i++) {
                    assertEquals(4 + SinkCounters.BYTES, in.readInt());
                    assertEquals(i, in.readInt());
                    byte[] stats = in.readNBytes(SinkCounters.BYTES);
                    assertEquals(i + 1, SinkCounters.read(ByteBuffer.wrap(stats)).requests());
                }
                writer.get();
            }
            assertEquals(new SinkStats(1, sizes.length, 0, 0, 0, 0, 0, 0, 0), server.stats());
        }
    }

    private static void write(Socket socket, int[] sizes, Random random) {
        int total = 0;
        for (int size : sizes) {
            total += Integer.BYTES + size;
        }
        ByteBuffer all = ByteBuffer.allocate(total);
        for (int i = 0; i < sizes.length; i++) {
            int end = all.position() + Integer.BYTES + sizes[i];
            all.putInt(sizes[i]).putShort(SinkServer.STATS_KEY).putShort((short) 0).putInt(i);
            all.position(end); // the sink ignores what follows
        }
        try {
            for (int sent = 0; sent < total; ) {
                int length = Math.min(total - sent, 1 + random.nextInt(500_000));
                socket.getOutputStream().write(all.array(), sent, length);
                sent += length;
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
