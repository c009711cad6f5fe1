package dev.millrace.perf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.testkit.KafkaCluster;
import dev.millrace.testkit.LaunchedProgram;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** Tests of commands as a user runs them, with a cluster at hand that is there before them. */
abstract class BesideACluster {
    static KafkaCluster cluster;

    @TempDir
    Path folder;

    @BeforeAll
    static void startCluster() {
        cluster = KafkaCluster.builder().start();
    }

    @AfterAll
    static void closeCluster() {
        cluster.close();
    }

    /** Runs it, with what it writes in {@link #folder}. */
    final LaunchedProgram run(String command, String... args) throws IOException {
        return LaunchedProgram.start(folder, LauncherIT.LAUNCHER, Stream.concat(Stream.of(command), Stream.of(args)).toArray(String[]::new));
    }

    /** Against the test's own cluster, which is quicker than a new one each time. */
    final LaunchedProgram runAtCluster(String command, String... args) throws IOException {
        return run(command, Stream.concat(Stream.of("--bootstrap-server", cluster.bootstrapServers()), Stream.of(args)).toArray(String[]::new));
    }

    /** What the command wrote. */
    final JsonNode json(String file) throws IOException {
        return new ObjectMapper().readTree(Files.readString(folder.resolve(file)));
    }

    /** The topics of the cluster, but Kafka's own. */
    static Set<String> topics() throws InterruptedException, ExecutionException {
        Set<String> names = new TreeSet<>(cluster.admin().listTopics().names().get());
        names.remove("__consumer_offsets");
        return names;
    }
}
