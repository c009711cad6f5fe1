package dev.millrace.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Start times are printed, not asserted: a busy machine is no error. */
class KafkaClusterIT {
    private static final List<String> VALUES = IntStream.range(0, 500).mapToObj(i -> "value " + i).toList();
    private static final int PROBE_TIMEOUT_MS = 500;

    @Test
    void shouldKeepDataAndPortOverKillAndStop() {
        try (KafkaCluster cluster = timed("one broker", () -> KafkaCluster.builder().start())) {
            String servers = cluster.bootstrapServers();
            cluster.createTopic("orders", 3, 1);
            Records.send(client(cluster), "orders", VALUES);
            assertRead(cluster, "orders");
            long pid = cluster.pid(1);

            cluster.kill(1);
            assertFalse(cluster.isRunning(1));
            timed("the killed broker", () -> start(cluster, 1));
            assertNotEquals(pid, cluster.pid(1));
            assertEquals(servers, cluster.bootstrapServers());
            assertTrue(listens(cluster.port(1)));
            assertRead(cluster, "orders");

            cluster.stop(1);
            assertFalse(cluster.isRunning(1));
            assertTrue(cluster.logTail(1).contains("shut down completed"), () -> cluster.logTail(1));
            timed("the stopped broker", () -> start(cluster, 1));
            assertRead(cluster, "orders");

            cluster.deleteTopic("orders");
            assertThrows(UnknownTopicOrPartitionException.class, () -> cluster.leaderOf("orders", 0));
        }
    }

    @Test
    void shouldGoOnWhenOneOfThreeBrokersDiesOrStandsStill() {
        try (KafkaCluster cluster = timed("three brokers", () -> KafkaCluster.builder().brokers(3)
                .brokerProperty("min.insync.replicas", "2").start())) {
            cluster.createTopic("orders", 6, 3);
            assertEquals(Set.of(1, 2, 3), leaders(cluster, "orders", 6));
            int first = cluster.leaderOf("orders", 0);

            cluster.kill(first);
            int second = timed("a new leader", () -> cluster.awaitNewLeader("orders", 0, first));
            Records.send(client(cluster), "orders", VALUES);
            timed("the killed broker of three", () -> start(cluster, first));
            cluster.moveLeader("orders", 0, first);
            assertEquals(first, cluster.leaderOf("orders", 0));

            cluster.pause(second);
            assertTrue(cluster.isRunning(second));
            Waiting.await("broker " + second + " leads nothing",
                    () -> !leaders(cluster, "orders", 6).contains(second));
            cluster.resume(second);
            cluster.moveLeader("orders", 0, second);
            assertRead(cluster, "orders");
        }
    }

    @Test
    void shouldKeepItsControllerWhenTwoOfThreeBrokersDie() {
        try (KafkaCluster cluster = timed("three brokers and a controller",
                () -> KafkaCluster.builder().brokers(3).dedicatedControllers(1).start())) {
            assertEquals(List.of(101), cluster.controllerIds());
            cluster.createTopic("orders", 3, 3);
            Records.send(client(cluster), "orders", VALUES);
            cluster.kill(1);
            cluster.kill(2);
            Waiting.await("broker 3 leads all", () -> leaders(cluster, "orders", 3).equals(Set.of(3)));
            cluster.createTopic("more", 2, 1);
            Records.send(client(cluster), "more", VALUES);
            assertRead(cluster, "orders");
            assertRead(cluster, "more");
        }
    }

    @Test
    void shouldAdvertiseTheProxysPortAndPassJvmFlagsOn(@TempDir Path folder) {
        int proxy = LoopbackPorts.lease();
        Path gcLog = folder.resolve("gc.log");
        try (KafkaCluster cluster = KafkaCluster.builder().advertisedPort(1, proxy)
                .jvmArgs("-XX:+UseParallelGC", "-Xlog:gc:file=" + gcLog).start()) {
            assertTrue(Files.exists(gcLog));
            assertEquals("127.0.0.1:" + proxy, cluster.bootstrapServers());
            assertNotEquals(proxy, cluster.port(1));
            assertTrue(listens(cluster.port(1)));
            // Nobody stands at the proxy's port, and the cluster itself does not need it.
            cluster.createTopic("orders", 1, 1);
            assertEquals(Map.of(0, 0L), cluster.endOffsets("orders"));
        } finally {
            LoopbackPorts.release(proxy);
        }
    }

    @Test
    void shouldShowTheLogWhenABrokerDoesNotStart() {
        ChildProcessException e = assertThrows(ChildProcessException.class,
                () -> KafkaCluster.builder().brokerProperty("num.io.threads", "none").start());
        assertTrue(e.getMessage().contains("node 1 ended with exit code 1"), e.getMessage());
        assertTrue(e.getMessage().contains("Invalid value none for configuration num.io.threads"), e.getMessage());
    }

    @Test
    void shouldShowTheLogWhenTheServerItselfDoesNotStart() {
        ChildProcessException e = assertThrows(ChildProcessException.class, () -> KafkaCluster.builder()
                .brokerProperty("authorizer.class.name", "no.such.Authorizer").start());
        assertTrue(e.getMessage().contains("no.such.Authorizer"), e.getMessage());
    }

    @Test
    void shouldRefuseWhatItCannotBe() {
        assertThrows(IllegalArgumentException.class, () -> KafkaCluster.builder().brokers(0));
        assertThrows(IllegalArgumentException.class, () -> KafkaCluster.builder().dedicatedControllers(-1));
        assertThrows(IllegalArgumentException.class, () -> KafkaCluster.builder().advertisedPort(2, 4711).start());
        assertThrows(IllegalArgumentException.class, () -> KafkaCluster.builder().user("a\"b", "c"));
    }

    private static boolean listens(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), PROBE_TIMEOUT_MS);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static int start(KafkaCluster cluster, int id) {
        cluster.start(id);
        return id;
    }

    private static Set<Integer> leaders(KafkaCluster cluster, String topic, int partitions) {
        Set<Integer> leaders = new HashSet<>();
        for (int partition = 0; partition < partitions; partition++) {
            leaders.add(cluster.leaderOf(topic, partition));
        }
        return leaders;
    }

    private static Map<String, Object> client(KafkaCluster cluster) {
        return cluster.clientProperties(BrokerListener.PLAINTEXT);
    }

    private static void assertRead(KafkaCluster cluster, String topic) {
        assertEquals(new HashSet<>(VALUES), new HashSet<>(Records.read(client(cluster), topic, VALUES.size())));
        assertEquals(VALUES.size(), cluster.endOffsets(topic).values().stream().mapToLong(Long::longValue).sum());
    }

    private static <T> T timed(String what, Supplier<T> work) {
        long start = System.nanoTime();
        T result = work.get();
        System.out.printf("%s after %.1f s%n", what, Duration.ofNanos(System.nanoTime() - start).toMillis() / 1e3);
        return result;
    }
}
