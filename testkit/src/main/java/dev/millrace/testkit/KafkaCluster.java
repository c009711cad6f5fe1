package dev.millrace.testkit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterUserScramCredentialsOptions;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;

/**
 * Real Kafka brokers, each in a JVM of its own, on loopback, with their data in a temporary folder:
 * <pre>{@code
 * try (KafkaCluster cluster = KafkaCluster.builder().brokers(3).brokerProperty("min.insync.replicas", "2").start()) {
 *     cluster.createTopic("orders", 6, 3);
 *     cluster.bootstrapServers();
 *     cluster.kill(1);
 * }
 * }</pre>
 * Brokers have the ids 1 to n. Without {@link Builder#dedicatedControllers dedicated controllers} each is a controller
 * too, and the cluster needs most of them to elect leaders; with them, brokers may die as they like. Dedicated
 * controllers have the ids from 101 and can be killed and started like brokers.
 *
 * <p>A node keeps its ports and its data for the life of the cluster, whatever happens to its process. No process and
 * no folder outlives this JVM, however it ends.
 *
 * <p>Thread-safe. Methods that change something block until it has happened.
 */
public final class KafkaCluster implements AutoCloseable {
    /** The user every cluster with a SASL listener has. */
    public static final String USER = "millrace";
    /** The password of {@link #USER}. */
    public static final String PASSWORD = "millrace-secret";

    private static final int TAIL_LINES = 100;

    private final ClusterSpec spec;
    private final ClusterPorts ports;
    private final Map<Integer, BrokerNode> nodes;
    private final TlsFiles tls;
    private final TokenServer tokens;
    private final TempFolder folder;
    private final ClusterTopics topics;
    /** Guarded by this; null until it is asked for. */
    private Admin admin;
    /** Guarded by this. */
    private boolean closed;

    KafkaCluster(ClusterSpec spec, ClusterPorts ports, Map<Integer, BrokerNode> nodes, TlsFiles tls,
            TokenServer tokens, TempFolder folder) {
        this.spec = spec;
        this.ports = ports;
        this.nodes = nodes;
        this.tls = tls;
        this.tokens = tokens;
        this.folder = folder;
        this.topics = new ClusterTopics(this::admin, this::answeringPorts);
    }

    /** A cluster of one broker, until told otherwise. */
    public static Builder builder() {
        return new Builder();
    }

    /** {@code bootstrap.servers} of the PLAINTEXT listener: every broker, whether it runs or not. */
    public String bootstrapServers() {
        return bootstrapServers(BrokerListener.PLAINTEXT);
    }

    /** {@code bootstrap.servers} of a listener: every broker, whether it runs or not, as it advertises itself. */
    public String bootstrapServers(BrokerListener listener) {
        return brokerIds().stream().map(id -> "127.0.0.1:" + advertisedPort(id, listener))
                .collect(Collectors.joining(","));
    }

    private int advertisedPort(int id, BrokerListener listener) {
        int port = port(id, listener);
        return listener == BrokerListener.PLAINTEXT ? spec.advertisedPorts().getOrDefault(id, port) : port;
    }

    /**
     * All a client needs to reach a listener: {@code bootstrap.servers} and what belongs to security; on a SASL
     * listener as {@link #USER} by PLAIN.
     *
     * @return a new map, which the caller may change
     */
    public Map<String, Object> clientProperties(BrokerListener listener) {
        return listener.isSasl() ? clientProperties(listener, SaslMechanism.PLAIN, USER, PASSWORD)
                : ClientProperties.of(listener, bootstrapServers(listener), tls);
    }

    /**
     * All a client needs to reach a SASL listener as a certain user. With OAUTHBEARER its JVM must also be allowed to get
     * tokens from {@link #tokens()}: see {@link TokenServer#allowInThisJvm}.
     *
     * @return a new map, which the caller may change
     */
    public Map<String, Object> clientProperties(BrokerListener listener, SaslMechanism mechanism, String user,
            String password) {
        if (!listener.isSasl()) {
            throw new IllegalArgumentException("listener " + listener + " asks for no user; use SASL_PLAINTEXT or"
                    + " SASL_SSL");
        }
        Map<String, Object> properties = ClientProperties.of(listener, bootstrapServers(listener), tls);
        properties.putAll(ClientProperties.credentials(mechanism, user, password, tokens));
        return properties;
    }

    /**
     * Who gives the users their tokens for OAUTHBEARER.
     *
     * @throws IllegalStateException when the cluster has no SASL listener
     */
    public TokenServer tokens() {
        if (tokens == null) {
            throw new IllegalStateException("the cluster has no SASL listener, only " + spec.listeners());
        }
        return tokens;
    }

    /** The ids of the brokers, whether they run or not. */
    public List<Integer> brokerIds() {
        return spec.brokerIds();
    }

    /** The ids of the nodes with the controller role: the brokers' own, unless there are dedicated controllers. */
    public List<Integer> controllerIds() {
        return spec.controllerIds();
    }

    /** The port on 127.0.0.1 where a broker's PLAINTEXT listener is, whatever it advertises. */
    public int port(int brokerId) {
        return port(brokerId, BrokerListener.PLAINTEXT);
    }

    /** The port on 127.0.0.1 where one of a broker's listeners is. */
    public int port(int brokerId, BrokerListener listener) {
        if (!spec.isBroker(brokerId)) {
            throw new IllegalArgumentException("no broker " + brokerId + "; the brokers are " + brokerIds());
        }
        if (!spec.listeners().contains(listener)) {
            throw new IllegalArgumentException("the cluster has no listener " + listener + ", only "
                    + spec.listeners() + "; ask for it with builder().listener(...)");
        }
        return ports.of(brokerId, listener.name());
    }

    /** Starts a node that was stopped or killed, and blocks until it is ready; does nothing when it runs. */
    public void start(int id) {
        BrokerNode node = node(id);
        node.launch();
        node.awaitReady();
    }

    /** Shuts a node down as an operator would (SIGTERM): leaders move away first. Does nothing when it does not run. */
    public void stop(int id) {
        node(id).stop();
    }

    /** Ends a node at once (SIGKILL). Does nothing when it does not run. */
    public void kill(int id) {
        node(id).kill();
    }

    /** Makes a node stand still (SIGSTOP); its connections stay open, and nothing answers on them. */
    public void pause(int id) {
        node(id).pause();
    }

    /** Lets a paused node go on (SIGCONT). */
    public void resume(int id) {
        node(id).resume();
    }

    /** Whether a node's process runs; a paused one does. */
    public boolean isRunning(int id) {
        return node(id).isRunning();
    }

    /** The process id of a node's present, or else latest, process. */
    public long pid(int id) {
        return node(id).pid();
    }

    /** The last 100 lines of a node's log. */
    public String logTail(int id) {
        return node(id).logTail(TAIL_LINES);
    }

    private BrokerNode node(int id) {
        BrokerNode node = nodes.get(id);
        if (node == null) {
            throw new IllegalArgumentException("no node " + id + "; the nodes are " + nodes.keySet());
        }
        return node;
    }

    /** The same as {@link #createTopic(String, int, int, Map)} with no configs. */
    public void createTopic(String topic, int partitions, int replicationFactor) {
        createTopic(topic, partitions, replicationFactor, Map.of());
    }

    /** Makes a topic, and blocks until every running broker knows a leader for each of its partitions. */
    public void createTopic(String topic, int partitions, int replicationFactor, Map<String, String> configs) {
        topics.create(topic, partitions, replicationFactor, configs);
    }

    /** Deletes a topic, and blocks until no running broker knows it. */
    public void deleteTopic(String topic) {
        topics.delete(topic);
    }

    /**
     * The broker that leads a partition, as the best informed broker sees it now: a killed broker is still seen as the leader until
     * its session is over (3 s, unless {@code broker.session.timeout.ms} is set).
     *
     * @return the broker's id, or -1 when the partition has no leader
     */
    public int leaderOf(String topic, int partition) {
        return topics.leader(topic, partition);
    }

    /** Blocks (60 s at most) until all brokers know a leader other than {@code former}, and returns it. */
    public int awaitNewLeader(String topic, int partition, int former) {
        return topics.awaitNewLeader(topic, partition, former);
    }

    /** Makes a broker that has a replica of the partition its leader, and blocks until it is. */
    public void moveLeader(String topic, int partition, int brokerId) {
        topics.moveLeader(topic, partition, brokerId);
    }

    /** Partition to the offset the next record will get. */
    public SortedMap<Integer, Long> endOffsets(String topic) {
        return topics.endOffsets(topic);
    }

    /** Adds a user, or changes a user's password, for both kinds of SCRAM; all others are fixed when the cluster starts. */
    public void setScramUser(String user, String password) {
        AlterUserScramCredentialsOptions options = new AlterUserScramCredentialsOptions();
        options.timeoutMs(Waiting.ATTEMPT_MS);
        // One request each: a broker takes no two changes of a user in one.
        for (ScramMechanism mechanism : List.of(ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512)) {
            ScramCredentialInfo info = new ScramCredentialInfo(mechanism, 4096);
            Waiting.ask("set the SCRAM credentials of " + user, () -> admin().alterUserScramCredentials(
                    List.of(new UserScramCredentialUpsertion(user, info, password)), options).all());
        }
    }

    /**
     * An admin client of the cluster's own, with every right, that no proxy stands in the way of. The cluster closes
     * it. The addresses it reports are not those clients see. While a broker is paused, a call without a timeout of its
     * own may hang on it for 30 s.
     */
    public synchronized Admin admin() {
        if (closed) {
            throw new IllegalStateException("the cluster is closed");
        }
        if (admin == null) {
            String servers = brokerIds().stream().map(id -> "127.0.0.1:" + ports.of(id, ClusterPorts.INTERNAL))
                    .collect(Collectors.joining(","));
            admin = Admin.create(Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, servers,
                    CommonClientConfigs.CLIENT_ID_CONFIG, "testkit-admin",
                    CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, 5_000,
                    CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, 30_000,
                    CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG, 200));
        }
        return admin;
    }

    private List<Integer> answeringPorts() {
        return brokerIds().stream().map(nodes::get).filter(node -> node.isRunning() && !node.isPaused())
                .map(node -> ports.of(node.id(), ClusterPorts.INTERNAL)).toList();
    }

    /** Ends every process at once and deletes the data. Doing it twice is harmless. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            if (admin != null) {
                admin.close(Duration.ZERO);
            }
        }
        nodes.values().forEach(BrokerNode::kill);
        if (tokens != null) {
            tokens.close();
        }
        folder.close();
        ports.close();
    }

    @Override
    public String toString() {
        return "KafkaCluster[brokers " + brokerIds() + ", controllers " + controllerIds() + ", " + folder.path() + "]";
    }

    /** What the cluster should be. Not thread-safe. */
    public static final class Builder {
        private final Map<String, String> properties = new LinkedHashMap<>();
        private final List<String> jvmArgs = new ArrayList<>();
        private final Set<BrokerListener> listeners = EnumSet.of(BrokerListener.PLAINTEXT);
        private final Map<String, String> users = new LinkedHashMap<>(Map.of(USER, PASSWORD));
        private final Map<Integer, Integer> advertisedPorts = new HashMap<>();
        private int brokers = 1;
        private int dedicatedControllers;
        private boolean authorizer;
        /** Null for this JVM's own. */
        private String brokerClassPath;

        private Builder() {
        }

        /** How many brokers, 1 to 100; 1 if not set. */
        public Builder brokers(int count) {
            brokers = check("brokers", count, 1);
            return this;
        }

        /**
         * How many controllers run in processes of their own, 0 to 100; with 0, which is the default, every broker is a
         * controller as well. One is enough for brokers to die freely.
         */
        public Builder dedicatedControllers(int count) {
            dedicatedControllers = check("dedicatedControllers", count, 0);
            return this;
        }

        private static int check(String what, int count, int min) {
            if (count < min || count > 100) {
                throw new IllegalArgumentException(what + " must be from " + min + " to 100, not " + count);
            }
            return count;
        }

        /** A server property of every node, controllers too; it wins over what the testkit sets. */
        public Builder brokerProperty(String key, String value) {
            properties.put(key, value);
            return this;
        }

        /**
         * Flags for every node's JVM; they win over those of this JVM's system property {@code millrace.testkit.jvm.args}
         * (separated by commas), which win over the testkit's own ({@code -Xmx512m -XX:+UseSerialGC}).
         */
        public Builder jvmArgs(String... args) {
            jvmArgs.addAll(List.of(args));
            return this;
        }

        /**
         * Makes the nodes another version of Kafka than that of this JVM's class path.
         *
         * @param jars the class path of {@code org.apache.kafka:kafka_2.13} of that version, 3.9 or newer, with all it
         *        depends on and with a binding for its SLF4J that writes to standard error or output
         */
        public Builder brokerClassPath(String jars) {
            brokerClassPath = NodeJvm.classPathOf(jars);
            return this;
        }

        /** One more listener on every broker; PLAINTEXT is always there. */
        public Builder listener(BrokerListener listener) {
            listeners.add(listener);
            return this;
        }

        /** A user for the SASL listeners, known to all mechanisms, besides {@link #USER}. */
        public Builder user(String name, String password) {
            if (!(name + password).matches("[A-Za-z0-9_.-]+")) {
                throw new IllegalArgumentException("user names and passwords are made of letters, digits, '_', '.' and"
                        + " '-' here, or every place they are written to would need its own quoting: " + name);
            }
            users.put(name, password);
            return this;
        }

        /**
         * Access control (ACLs), off by default. Who comes over a listener that asks for no name may do everything; a
         * user, or a client with a certificate, may do nothing until an ACL made with {@link #admin()} allows it.
         */
        public Builder authorizer(boolean on) {
            authorizer = on;
            return this;
        }

        /**
         * Makes a broker's PLAINTEXT listener advertise another port, where a proxy stands that passes everything on to
         * {@link #port(int)}. Brokers talk to each other past the proxy. {@link LoopbackPorts#lease()} gives a port.
         */
        public Builder advertisedPort(int brokerId, int port) {
            advertisedPorts.put(brokerId, port);
            return this;
        }

        /**
         * Starts the processes, and blocks until each of them is ready.
         *
         * @throws ChildProcessException when one does not start; the message shows the end of its log
         * @throws IllegalArgumentException when the settings do not fit together
         */
        public KafkaCluster start() {
            advertisedPorts.keySet().stream().filter(id -> id < 1 || id > brokers).findAny().ifPresent(id -> {
                throw new IllegalArgumentException("advertisedPort is set for broker " + id + ", but the brokers are 1"
                        + " to " + brokers);
            });
            ClusterSpec spec = new ClusterSpec(brokers, dedicatedControllers, Map.copyOf(properties),
                    new NodeJvm(brokerClassPath, List.copyOf(jvmArgs)), Collections.unmodifiableSet(EnumSet.copyOf(listeners)),
                    Map.copyOf(users), authorizer, Map.copyOf(advertisedPorts));
            return ClusterStarter.start(spec);
        }
    }
}
