package dev.millrace.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A JVM that started a cluster, and has a broker standing still, ends in every way there is: no process of it and no
 * folder may be left. Its temporary folder is one of its own here, so whatever is left in there is its fault.
 */
class NoOrphansIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String READY = "cluster is up";

    @TempDir
    private Path logs;
    @TempDir
    private Path tmp;

    /** The JVM under test: starts a broker and a controller, stops the broker in its tracks, and ends as told. */
    static final class Parent {
        private Parent() {
        }

        public static void main(String[] args) throws InterruptedException {
            KafkaCluster cluster = KafkaCluster.builder().dedicatedControllers(1).start();
            cluster.pause(1);
            System.out.println(READY);
            switch (args[0]) {
                case "close" -> cluster.close();
                case "exit" -> System.exit(0);
                case "return" -> System.out.println("done with " + cluster);
                default -> Thread.sleep(PATIENCE.toMillis());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"close", "exit", "return"})
    void shouldLeaveNothingWhenTheParentEndsByItself(String how) throws IOException {
        try (ChildJvm parent = start(how)) {
            List<ProcessHandle> family = awaitUp(parent);
            assertTrue(parent.awaitExit(PATIENCE), () -> parent.logTail(20));
            assertEquals(0, parent.exitCode().orElseThrow(), () -> parent.logTail(20));
            assertNothingLeft(family);
        }
    }

    /** The signals of a terminal that is closed or sends Ctrl-C reach the watchdog too; it must outlive them. */
    @Test
    void shouldLeaveNothingWhenTheParentIsKilled() throws IOException, InterruptedException {
        try (ChildJvm parent = start("wait")) {
            List<ProcessHandle> family = awaitUp(parent);
            List<ProcessHandle> watchdogs = family.stream().filter(NoOrphansIT::isWatchdog).toList();
            assertEquals(1, watchdogs.size(), () -> "one watchdog among " + family);
            for (String signal : List.of("-INT", "-HUP", "-TERM")) {
                assertEquals(0, new ProcessBuilder("kill", signal, Long.toString(watchdogs.get(0).pid())).inheritIO()
                        .start().waitFor());
            }
            parent.kill();
            assertNothingLeft(family);
        }
    }

    private ChildJvm start(String how) {
        return ChildJvm.builder("parent " + how, Parent.class.getName())
                .jvmArgs(List.of("-Djava.io.tmpdir=" + tmp, "-XX:-UsePerfData")).args(List.of(how)).start(logs);
    }

    /** Waits for the cluster and lists every process under the parent: broker, controller and watchdog. */
    private static List<ProcessHandle> awaitUp(ChildJvm parent) {
        parent.awaitLogLine(READY, PATIENCE);
        return ProcessHandle.of(parent.pid()).stream().flatMap(ProcessHandle::descendants).toList();
    }

    private static boolean isWatchdog(ProcessHandle process) {
        return process.info().commandLine().orElse("").contains(WatchdogMain.class.getName());
    }

    private void assertNothingLeft(List<ProcessHandle> family) {
        Waiting.await("the end of " + family, () -> family.stream().allMatch(NoOrphansIT::isGone));
        Waiting.await("an empty " + tmp, () -> left().isEmpty());
    }

    /** A process that has ended, but that its new parent has not asked about yet, counts as gone. */
    private static boolean isGone(ProcessHandle process) {
        if (!process.isAlive()) {
            return true;
        }
        try {
            String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
            return stat.startsWith("Z", stat.lastIndexOf(')') + 2);
        } catch (IOException e) {
            return false;
        }
    }

    private List<Path> left() {
        try (Stream<Path> files = Files.list(tmp)) {
            return files.toList();
        } catch (IOException e) {
            return List.of(tmp);
        }
    }
}
