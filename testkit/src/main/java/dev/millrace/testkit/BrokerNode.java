package dev.millrace.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;

/**
 * One node of a cluster, through all its lives: the same id, ports, configuration and data each time it is started.
 * Thread-safe; {@link #launch} returns at once, {@link #awaitReady} and {@link #stop} block.
 */
final class BrokerNode {
    private static final Duration START_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration STOP_PATIENCE = Duration.ofSeconds(30);
    private static final String READY = "Kafka Server started";
    static final String JVM_ARGS_PROPERTY = "millrace.testkit.jvm.args";

    private final int id;
    private final Path folder;
    private final NodeJvm jvm;
    private final List<String> args;
    /** Written with the node's monitor held; null until the first launch. */
    private volatile ChildJvm child;

    private BrokerNode(int id, Path folder, NodeJvm jvm, List<String> args) {
        this.id = id;
        this.folder = folder;
        this.jvm = jvm;
        this.args = args;
    }

    /**
     * Lays out a node's folder; starts nothing.
     *
     * @param scramUsers what goes to the storage tool's {@code --add-scram}
     */
    static BrokerNode create(int id, Path folder, Map<String, String> properties, NodeJvm jvm, String clusterId,
            List<String> scramUsers) {
        Path file = folder.resolve("server.properties");
        try {
            Files.createDirectories(folder);
            Properties out = new Properties();
            out.putAll(properties);
            try (Writer writer = Files.newBufferedWriter(file)) {
                out.store(writer, null);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the configuration of node " + id + " could not be written to " + file, e);
        }
        List<String> args = new ArrayList<>(List.of(file.toString(), clusterId));
        args.addAll(scramUsers);
        return new BrokerNode(id, folder, new NodeJvm(jvm.classPath(), withDefaults(folder, jvm.args())), args);
    }

    /**
     * Small and quiet (the lines of a start excepted: they show where one hangs), but with the full compiler: what is measured
     * against this broker should be true. Tests, whose brokers live for seconds, have the property.
     */
    private static List<String> withDefaults(Path folder, List<String> jvmArgs) {
        List<String> all = new ArrayList<>(List.of("-Xmx512m", "-Djava.awt.headless=true",
                "-Djava.io.tmpdir=" + folder, "-Dslf4j.provider=org.slf4j.simple.SimpleServiceProvider",
                "-Dslf4j.internal.verbosity=WARN",
                "-Dorg.slf4j.simpleLogger.logFile=System.err", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
                "-Dorg.slf4j.simpleLogger.log.kafka.server.BrokerServer=info",
                "-Dorg.slf4j.simpleLogger.showDateTime=true",
                "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS"));
        List<String> given = Stream.concat(Stream.of(System.getProperty(JVM_ARGS_PROPERTY, "").split(",")), jvmArgs.stream())
                .filter(arg -> !arg.isBlank()).toList();
        if (given.stream().noneMatch(arg -> arg.startsWith("-XX:+Use") && arg.endsWith("GC"))) {
            all.add("-XX:+UseSerialGC");
        }
        all.addAll(given);
        return all;
    }

    int id() {
        return id;
    }

    boolean isRunning() {
        ChildJvm current = child;
        return current != null && current.isAlive();
    }

    boolean isPaused() {
        ChildJvm current = child;
        return current != null && current.isPaused();
    }

    long pid() {
        return started().pid();
    }

    /** Starts the process, without waiting for it to be ready; does nothing when it runs. */
    synchronized void launch() {
        if (!isRunning()) {
            child = ChildJvm.builder("node " + id, BrokerMain.class.getName()).classPath(jvm.classPath())
                    .jvmArgs(jvm.args()).args(args).start(folder);
        }
    }

    void awaitReady() {
        started().awaitLogLine(READY, START_TIMEOUT);
    }

    synchronized void stop() {
        if (isRunning()) {
            started().terminate(STOP_PATIENCE);
        }
    }

    /** SIGKILL; blocks until the process is gone. */
    synchronized void kill() {
        if (isRunning()) {
            started().kill();
        }
    }

    synchronized void pause() {
        started().pause();
    }

    synchronized void resume() {
        started().resume();
    }

    String logTail(int lines) {
        return started().logTail(lines);
    }

    private ChildJvm started() {
        ChildJvm current = child;
        if (current == null) {
            throw new IllegalStateException("node " + id + " was never started");
        }
        return current;
    }
}
