package dev.millrace.testkit;

import dev.millrace.testkit.sink.SinkOptions;
import dev.millrace.testkit.sink.SinkServer;
import dev.millrace.testkit.sink.SinkStats;
import dev.millrace.testkit.sink.SinkStatsClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A broker that acknowledges what it is sent, at once or after a fixed delay, and stores nothing: for measuring clients
 * with no broker's work in the figure. For consumers it can serve one prepared batch over and over.
 *
 * <pre>{@code
 * try (SinkBroker sink = SinkBroker.builder().topic("orders", 6).start()) {
 *     ... bootstrap.servers = sink.bootstrapServers() ...
 *     long received = sink.stats().records();
 * }
 * }</pre>
 *
 * <p>It speaks ApiVersions, Metadata, InitProducerId, Produce, ListOffsets and Fetch, over PLAINTEXT on loopback: what
 * a producer without transactions needs, and a consumer with assigned partitions and no group. It checks nothing: no
 * sequences, no CRCs, no acks. Offsets in acknowledgements count up per partition.
 *
 * <p>Every method is safe for any thread.
 */
public final class SinkBroker implements AutoCloseable {
    private static final Duration START_TIMEOUT = Duration.ofSeconds(30);
    private static final String LISTENING = "sink broker listens on ";
    private static final String LISTENING_END = " (end of list)";

    /** A sink in this JVM or in a child. */
    private interface Running {
        String bootstrapServers();

        SinkStats stats();

        long pid();

        void close();
    }

    private final Running running;

    private SinkBroker(Running running) {
        this.running = running;
    }

    /** A sink of one broker in which any topic exists, with 1 partition, and no delay. */
    public static Builder builder() {
        return new Builder();
    }

    /** For {@code bootstrap.servers}. */
    public String bootstrapServers() {
        return running.bootstrapServers();
    }

    /**
     * What came in so far; what was acknowledged is in it. For a child this asks over a connection of its own, which is
     * counted too.
     *
     * @throws UncheckedIOException if the child does not answer
     */
    public SinkStats stats() {
        return running.stats();
    }

    /** The process it runs in, this one or a child: to see what it costs. */
    public long pid() {
        return running.pid();
    }

    /** Ends the sink; returns when its process, or its thread, is gone. A second call does nothing. */
    @Override
    public void close() {
        running.close();
    }

    /**
     * Runs a sink until the process is ended; with a wrong option prints all there are and exits with 2. Prints
     * {@code sink broker listens on HOST:PORT,... (end of list)}.
     */
    public static void main(String[] args) {
        SinkOptions options;
        try {
            options = SinkOptions.parse(args);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        SinkServer server = new SinkServer(options);
        System.out.println(LISTENING + server.bootstrapServers() + LISTENING_END);
        server.run();
    }

    /** What a sink is to be. Not thread-safe. */
    public static final class Builder {
        private final Map<String, Integer> topics = new LinkedHashMap<>();
        private int anyTopicPartitions;
        private int brokers = 1;
        private Duration delay = Duration.ZERO;
        private int maxProduceVersion = SinkOptions.MAX_PRODUCE_VERSION;
        private byte[] fetchBatch = new byte[0];
        private long fetchBatches;

        private Builder() {
        }

        /** A topic; with no {@link #anyTopic}, only those named exist. */
        public Builder topic(String name, int partitions) {
            topics.put(name, partitions);
            return this;
        }

        /** Every topic exists, with so many partitions, from when a client asks for it. */
        public Builder anyTopic(int partitions) {
            anyTopicPartitions = partitions;
            return this;
        }

        /** How many brokers it plays, each with a port; partition p is led by broker p modulo this number, plus 1. */
        public Builder brokers(int count) {
            brokers = count;
            return this;
        }

        /**
         * How long responses to produce and fetch requests wait, each from its request's arrival; requests behind it
         * are taken meanwhile. Never early, and late by what the machine wakes a thread late.
         */
        public Builder delay(Duration wait) {
            delay = wait;
            return this;
        }

        /** The newest produce request it knows, 3..13 (13 unless told); before 13, requests name topics by name. */
        public Builder maxProduceVersion(int version) {
            maxProduceVersion = version;
            return this;
        }

        /** Fetches get a batch of so many uncompressed records with values of this size. */
        public Builder fetchRecords(int records, int valueBytes) {
            return fetchBatch(SinkOptions.uncompressedBatch(records, valueBytes));
        }

        /** Fetches get this record batch (format 2, with any compression), with base offsets that count up. */
        public Builder fetchBatch(byte[] recordBatch) {
            fetchBatch = recordBatch.clone();
            return this;
        }

        /** How many batches a partition holds; 0, the default, for one without end. */
        public Builder fetchBatches(long batches) {
            fetchBatches = batches;
            return this;
        }

        private SinkOptions options() {
            int any = topics.isEmpty() && anyTopicPartitions == 0 ? 1 : anyTopicPartitions;
            return new SinkOptions(brokers, topics, any, delay, maxProduceVersion, fetchBatch, fetchBatches);
        }

        /**
         * Starts it in a process of its own and returns when it listens.
         *
         * @throws IllegalArgumentException if a setting is out of its range
         * @throws ChildProcessException    if the process does not come up
         */
        public SinkBroker start() {
            SinkOptions options = options();
            TempFolder folder = TempFolder.create();
            try {
                return new SinkBroker(Child.start(options, folder));
            } catch (RuntimeException e) {
                folder.close();
                throw e;
            }
        }

        /** Starts it in this JVM, with a thread of its own. */
        public SinkBroker startInProcess() {
            SinkServer server = new SinkServer(options());
            server.start();
            return new SinkBroker(new Running() {
                @Override
                public String bootstrapServers() {
                    return server.bootstrapServers();
                }

                @Override
                public SinkStats stats() {
                    return server.stats();
                }

                @Override
                public long pid() {
                    return ProcessHandle.current().pid();
                }

                @Override
                public void close() {
                    server.close();
                }
            });
        }
    }

    private record Child(ChildJvm jvm, TempFolder folder, String bootstrapServers) implements Running {
        static Child start(SinkOptions options, TempFolder folder) {
            ChildJvm jvm = ChildJvm.builder("sink-broker", SinkBroker.class.getName())
                    .jvmArgs(List.of("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:MaxDirectMemorySize=2g"))
                    .args(options.toArgs(folder.path())).start(folder.path());
            try {
                jvm.awaitLogLine(LISTENING_END, START_TIMEOUT);
                String log = jvm.logTail(100);
                int begin = log.indexOf(LISTENING) + LISTENING.length();
                return new Child(jvm, folder, log.substring(begin, log.indexOf(LISTENING_END, begin)));
            } catch (RuntimeException e) {
                jvm.close();
                throw e;
            }
        }

        @Override
        public SinkStats stats() {
            String first = bootstrapServers.split(",")[0];
            try {
                return SinkStatsClient.stats(Integer.parseInt(first.substring(first.lastIndexOf(':') + 1)));
            } catch (IOException e) {
                throw new UncheckedIOException(jvm + " does not say what it received; the end of its log:\n"
                        + jvm.logTail(20), e);
            }
        }

        @Override
        public long pid() {
            return jvm.pid();
        }

        @Override
        public void close() {
            jvm.close();
            folder.close();
        }
    }
}
