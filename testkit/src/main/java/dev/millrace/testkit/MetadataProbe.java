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
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Asks one certain broker what it knows of a topic. Kafka's clients pick the broker themselves, and the question here is
 * whether each of them has heard; besides, a broker that stands still never holds this one up. A Metadata request of
 * version 7, by hand:
 * <pre>
 *   request   size:i32 | api key:i16 = 3 | version:i16 = 7 | correlation:i32 | client id:string
 *             | topics:[string] | create them:i8 = 0
 *   response  size:i32 | correlation:i32 | throttled:i32 | brokers:[id:i32 host:string port:i32 rack:string]
 *             | cluster id:string | controller:i32
 *             | topics:[error:i16 name:string internal:i8
 *                       partitions:[error:i16 index:i32 leader:i32 epoch:i32 replicas:[i32] isr:[i32] offline:[i32]]]
 * </pre>
 */
final class MetadataProbe {
    private static final int TIMEOUT_MS = 2_000;
    private static final short METADATA = 3;
    private static final short VERSION = 7;

    private MetadataProbe() {
    }

    /**
     * A partition as one broker sees it.
     *
     * @param leader the leader's id, -1 for none
     * @param epoch the leader's epoch: of two views, the one with the higher epoch is the newer one
     * @param replicas the brokers with a replica, the preferred leader first
     */
    record Partition(int leader, int epoch, List<Integer> replicas) {
    }

    /**
     * What the broker that listens on this loopback port knows.
     *
     * @return the topic's partitions by number; empty when the broker does not know the topic
     * @throws IOException when the broker does not answer within 2 s
     */
    static SortedMap<Integer, Partition> partitions(int port, String topic) throws IOException {
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
        out.writeBoolean(false);
        return ByteBuffer.wrap(bytes.toByteArray()).putInt(0, bytes.size() - Integer.BYTES).array();
    }

    private static void writeString(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeShort(bytes.length);
        out.write(bytes);
    }

    static SortedMap<Integer, Partition> parse(ByteBuffer in) {
        in.getInt();
        in.getInt();
        for (int brokers = in.getInt(); brokers > 0; brokers--) {
            in.getInt();
            skipString(in);
            in.getInt();
            skipString(in);
        }
        skipString(in);
        in.getInt();
        SortedMap<Integer, Partition> partitions = new TreeMap<>();
        for (int topics = in.getInt(); topics > 0; topics--) {
            in.getShort();
            skipString(in);
            in.get();
            for (int count = in.getInt(); count > 0; count--) {
                in.getShort();
                int index = in.getInt();
                partitions.put(index, new Partition(in.getInt(), in.getInt(), readInts(in)));
                readInts(in);
                readInts(in);
            }
        }
        return partitions;
    }

    private static void skipString(ByteBuffer in) {
        int length = in.getShort();
        in.position(in.position() + Math.max(0, length));
    }

    private static List<Integer> readInts(ByteBuffer in) {
        List<Integer> ints = new ArrayList<>();
        for (int count = in.getInt(); count > 0; count--) {
            ints.add(in.getInt());
        }
        return ints;
    }
}
