package dev.millrace.testkit;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Asks one certain broker what it knows of a topic. Kafka's clients pick the broker themselves, and the question here is
 * whether each of them has heard. A Metadata request of version 1, by hand:
 * <pre>
 *   request   size:i32 | api key:i16 = 3 | version:i16 = 1 | correlation:i32 | client id:string | topics:[string]
 *   response  size:i32 | correlation:i32 | brokers:[id:i32 host:string port:i32 rack:string] | controller:i32
 *             | topics:[error:i16 name:string internal:i8
 *                       partitions:[error:i16 index:i32 leader:i32 replicas:[i32] isr:[i32]]]
 * </pre>
 */
final class MetadataProbe {
    private static final int TIMEOUT_MS = 2_000;
    private static final short METADATA = 3;
    private static final short VERSION = 1;

    private MetadataProbe() {
    }

    /**
     * What the broker that listens on this loopback port knows.
     *
     * @return partition to leader, -1 for none; empty when the broker does not know the topic
     * @throws IOException when the broker does not answer within 2 s
     */
    static SortedMap<Integer, Integer> leaders(int port, String topic) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), TIMEOUT_MS);
            socket.setSoTimeout(TIMEOUT_MS);
            socket.getOutputStream().write(request(topic));
            DataInputStream in = new DataInputStream(socket.getInputStream());
            byte[] response = new byte[in.readInt()];
            in.readFully(response);
            return parse(ByteBuffer.wrap(response));
        }
    }

    static byte[] request(String topic) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeInt(0);
        out.writeShort(METADATA);
        out.writeShort(VERSION);
        out.writeInt(0);
        writeString(out, "millrace-testkit");
        out.writeInt(1);
        writeString(out, topic);
        return ByteBuffer.wrap(bytes.toByteArray()).putInt(0, bytes.size() - Integer.BYTES).array();
    }

    private static void writeString(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeShort(bytes.length);
        out.write(bytes);
    }

    static SortedMap<Integer, Integer> parse(ByteBuffer in) {
        in.getInt();
        for (int brokers = in.getInt(); brokers > 0; brokers--) {
            in.getInt();
            skipString(in);
            in.getInt();
            skipString(in);
        }
        in.getInt();
        SortedMap<Integer, Integer> leaders = new TreeMap<>();
        for (int topics = in.getInt(); topics > 0; topics--) {
            in.getShort();
            skipString(in);
            in.get();
            for (int partitions = in.getInt(); partitions > 0; partitions--) {
                in.getShort();
                leaders.put(in.getInt(), in.getInt());
                skipInts(in);
                skipInts(in);
            }
        }
        return leaders;
    }

    private static void skipString(ByteBuffer in) {
        int length = in.getShort();
        in.position(in.position() + Math.max(0, length));
    }

    private static void skipInts(ByteBuffer in) {
        int count = in.getInt();
        in.position(in.position() + count * Integer.BYTES);
    }
}
