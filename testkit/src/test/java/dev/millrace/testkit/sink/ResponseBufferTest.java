package dev.millrace.testkit.sink;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ResponseBufferTest {
    private final ResponseBuffer out = new ResponseBuffer();
    private final Socket socket = new Socket();

    /** Takes at most so many bytes a write. */
    private static final class Socket implements WritableByteChannel {
        final ByteArrayOutputStream taken = new ByteArrayOutputStream();
        int atOnce = Integer.MAX_VALUE;

        @Override
        public int write(ByteBuffer bytes) {
            byte[] some = new byte[Math.min(atOnce, bytes.remaining())];
            bytes.get(some);
            taken.writeBytes(some);
            return some.length;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {
        }
    }

    private void respond(int correlationId, int bytes, long dueNs) {
        out.begin(correlationId, false);
        for (int i = 0; i < bytes; i++) {
            out.room(1).put((byte) correlationId);
        }
        out.end(dueNs);
    }

    @Test
    void shouldWriteSizeHeaderAndBody() throws IOException {
        out.begin(7, true);
        out.room(2).putShort((short) 9);
        out.end(0);
        assertFalse(out.flush(socket, 0));
        assertArrayEquals(new byte[] {0, 0, 0, 7, 0, 0, 0, 7, 0, 0, 9}, socket.taken.toByteArray());
        assertEquals(0, out.pending());
    }

    @Test
    void shouldHoldEachResponseUntilItIsDue() throws IOException {
        respond(1, 0, 100);
        respond(2, 0, 200);
        assertEquals(100, out.dueInNs(0));
        assertFalse(out.flush(socket, 99));
        assertEquals(0, socket.taken.size());
        assertFalse(out.flush(socket, 100));
        assertEquals(8, socket.taken.size());
        assertEquals(50, out.dueInNs(150));
        assertFalse(out.flush(socket, 300));
        assertEquals(16, socket.taken.size());
        assertEquals(Long.MAX_VALUE, out.dueInNs(300));
    }

    @Test
    void shouldNotLetALaterResponseOvertake() throws IOException {
        respond(1, 0, 100);
        respond(2, 0, 50);
        out.flush(socket, 60);
        assertEquals(0, socket.taken.size());
        out.flush(socket, 100);
        assertEquals(16, socket.taken.size());
    }

    @Test
    void shouldSayWhatIsLeftWhenTheSocketTakesLess() throws IOException {
        respond(1, 0, 0);
        socket.atOnce = 5;
        assertTrue(out.flush(socket, 0));
        assertEquals(3, out.pending());
        assertFalse(out.flush(socket, 0));
        assertEquals(8, socket.taken.size());
    }

    @Test
    void shouldKeepOrderWhenMoreWaitThanBefore() throws IOException {
        respond(1, 0, 0);
        respond(2, 0, 0);
        out.flush(socket, 0);
        socket.taken.reset();
        for (int i = 0; i < 100; i++) {
            respond(i, 0, i);
        }
        for (int i = 0; i < 100; i++) {
            out.flush(socket, i);
            assertEquals(8 * (i + 1), socket.taken.size());
            assertEquals(i, socket.taken.toByteArray()[8 * i + 7]);
        }
    }

    @Test
    void shouldTakeBackADiscardedResponse() throws IOException {
        respond(1, 0, 0);
        out.begin(2, false);
        out.room(100_000).putInt(5);
        out.discard();
        respond(3, 0, 0);
        out.flush(socket, 0);
        assertArrayEquals(new byte[] {0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 3}, socket.taken.toByteArray());
    }

    /** Any mix of sizes, delays and partial writes gives the bytes in order, none early. */
    @Test
    void shouldKeepOrderAndTimeWhateverTheMix() throws IOException {
        long seed = new Random().nextLong();
        System.out.println("ResponseBufferTest seed " + seed);
        Random random = new Random(seed);
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        int[] allowedAt = new int[10_000]; // how many bytes may have gone by each time
        int responses = 0;
        long lastDue = 0;
        for (int nowNs = 0; nowNs < 5_000; nowNs++) {
            for (int burst = random.nextInt(4); burst > 0 && nowNs < 4_000; burst--) {
                int id = responses++ & 0x7f;
                int bytes = random.nextInt(100) == 0 ? random.nextInt(200_000) : random.nextInt(300);
                long dueNs = Math.max(lastDue, nowNs + random.nextInt(20) * random.nextInt(20));
                lastDue = dueNs;
                respond(id, bytes, dueNs);
                expected.writeBytes(ByteBuffer.allocate(8).putInt(bytes + 4).putInt(id).array());
                byte[] body = new byte[bytes];
                Arrays.fill(body, (byte) id);
                expected.writeBytes(body);
                allowedAt[(int) dueNs] = expected.size();
            }
            allowedAt[nowNs] = Math.max(allowedAt[nowNs], nowNs == 0 ? 0 : allowedAt[nowNs - 1]);
            socket.atOnce = 1 + random.nextInt(20_000);
            out.flush(socket, nowNs);
            assertTrue(socket.taken.size() <= allowedAt[nowNs], "early at " + nowNs);
        }
        socket.atOnce = Integer.MAX_VALUE;
        assertFalse(out.flush(socket, 10_000));
        assertArrayEquals(expected.toByteArray(), socket.taken.toByteArray());
        assertEquals(0, out.pending());
    }
}
