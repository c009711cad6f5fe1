package dev.millrace.perf;

import dev.millrace.perf.spec.UsageException;
import dev.millrace.perf.spec.Where;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** The options that say which brokers and which topic, of every command that needs some. */
final class WhereOptions {
    @Option(names = "--bootstrap-server", paramLabel = "HOST:PORT,...",
            description = "Use the cluster that is there (default: start embedded brokers).")
    private String bootstrapServer;

    @Option(names = "--embedded", paramLabel = "N",
            description = "Real brokers to start for the run, each a process (default: 1).")
    private Integer embedded;

    @Option(names = "--topic", paramLabel = "NAME",
            description = "The topic; made when it is missing (default: one of its own for the run).")
    private String topic;

    @Option(names = "--partitions", paramLabel = "N", description = "Partitions of a topic that is made (default: 6).")
    private Integer partitions;

    @Option(names = "--replication-factor", paramLabel = "N",
            description = "Replicas of a topic that is made (default: the embedded brokers, at most 3; else the cluster's own).")
    private Integer replicationFactor;

    /**
     * Puts the options together.
     *
     * @param configured brokers named by the client's settings
     * @param sink how long a sink waits that is used instead of brokers
     * @throws UsageException naming the option that is wrong, and why
     */
    Where where(Optional<String> configured, Optional<Duration> sink) {
        Optional<String> bootstrap = bootstrapServer == null ? configured : Optional.of(bootstrapServer);
        String bootstrapOption = bootstrapServer == null ? "bootstrap.servers" : "--bootstrap-server";
        if (sink.isPresent() && (bootstrap.isPresent() || embedded != null)) {
            throw new UsageException("--sink and " + (embedded != null ? "--embedded" : bootstrapOption)
                    + " exclude each other: the records go to one place");
        }
        if (bootstrap.isPresent() && embedded != null) {
            throw new UsageException("--embedded and " + bootstrapOption + " exclude each other: the records go to one place");
        }
        int brokers = embedded == null ? 1 : Ranges.check("--embedded", embedded, 1, 9);
        OptionalInt replicas = replicationFactor == null ? OptionalInt.empty()
                : OptionalInt.of(Ranges.check("--replication-factor", replicationFactor, 1, Short.MAX_VALUE));
        if (replicas.isPresent() && bootstrap.isEmpty() && sink.isEmpty() && replicas.getAsInt() > brokers) {
            throw new UsageException("--replication-factor: " + replicas.getAsInt() + " replicas need as many brokers; add "
                    + "--embedded " + replicas.getAsInt());
        }
        return new Where(
                bootstrap,
                sink,
                brokers,
                Optional.ofNullable(topic),
                partitions == null ? OptionalInt.empty() : OptionalInt.of(Ranges.check("--partitions", partitions, 1, 100_000)),
                replicas);
    }
}
