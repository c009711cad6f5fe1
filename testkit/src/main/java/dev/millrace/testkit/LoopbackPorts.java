package dev.millrace.testkit;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Hands out free TCP ports on 127.0.0.1 that stay ours while nothing listens on them: they lie outside the range the
 * system takes for outgoing connections, and the UDP port of the same number is held as a sign to other JVMs that use
 * this class. So a broker that is killed finds its port free when it comes back. Thread-safe.
 */
public final class LoopbackPorts {
    private static final Path EPHEMERAL_RANGE = Path.of("/proc/sys/net/ipv4/ip_local_port_range");
    private static final int ATTEMPTS = 1_000;
    private static final int MIN_PORT = 10_000;
    private static final int MAX_PORT = 65_535;
    /** A range with fewer ports than this is not worth having. */
    private static final int MIN_RANGE = 2_000;

    /** Guarded by itself. The sockets are the signs to other JVMs; the system closes them when this JVM ends. */
    private static final Map<Integer, DatagramSocket> LEASES = new HashMap<>();

    private LoopbackPorts() {
    }

    /**
     * Takes a free port; it stays taken until it is released or this JVM ends.
     *
     * @return a port on which nothing listens
     * @throws IllegalStateException when no free port is found
     */
    public static int lease() {
        Range range = range(ephemeralRange());
        for (int i = 0; i < ATTEMPTS; i++) {
            int port = ThreadLocalRandom.current().nextInt(range.first(), range.last() + 1);
            if (tryLease(port)) {
                return port;
            }
        }
        throw new IllegalStateException("no free port on 127.0.0.1 in " + range + " after " + ATTEMPTS + " attempts");
    }

    /** Gives a port back; one that was not taken is ignored. */
    public static void release(int port) {
        synchronized (LEASES) {
            DatagramSocket sign = LEASES.remove(port);
            if (sign != null) {
                sign.close();
            }
        }
    }

    static boolean tryLease(int port) {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        synchronized (LEASES) {
            if (LEASES.containsKey(port)) {
                return false;
            }
            DatagramSocket sign = null;
            try (ServerSocket probe = new ServerSocket()) {
                sign = new DatagramSocket(address);
                probe.bind(address);
                LEASES.put(port, sign);
                return true;
            } catch (IOException e) {
                if (sign != null) {
                    sign.close();
                }
                return false;
            }
        }
    }

    /** Where ports are picked: just below the ephemeral range, else above it, else the usual place. */
    static Range range(Range ephemeral) {
        if (ephemeral.first() - MIN_PORT >= MIN_RANGE) {
            return new Range(Math.max(MIN_PORT, ephemeral.first() - 20_000), ephemeral.first() - 1);
        }
        if (MAX_PORT - ephemeral.last() >= MIN_RANGE) {
            return new Range(ephemeral.last() + 1, MAX_PORT);
        }
        return new Range(MIN_PORT, 32_767);
    }

    private static Range ephemeralRange() {
        try {
            return Range.parse(Files.readString(EPHEMERAL_RANGE));
        } catch (IOException | IllegalArgumentException e) {
            return Range.DEFAULT;
        }
    }

    /**
     * A range of ports.
     *
     * @param first the lowest port
     * @param last the highest port, which belongs to the range
     */
    record Range(int first, int last) {
        /** Linux' default for outgoing connections. */
        static final Range DEFAULT = new Range(32_768, 60_999);

        /** Reads two numbers with white space between. */
        static Range parse(String text) {
            String[] parts = text.trim().split("\\s+");
            if (parts.length != 2) {
                throw new IllegalArgumentException("not two numbers: " + text);
            }
            return new Range(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
        }

        @Override
        public String toString() {
            return first + ".." + last;
        }
    }
}
