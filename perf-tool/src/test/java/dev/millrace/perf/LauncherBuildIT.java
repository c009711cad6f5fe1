package dev.millrace.perf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.testkit.LaunchedProgram;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * When the launcher builds, and what it says: in a checkout of a few files, with a {@code mvn} and a {@code java} that
 * are scripts, and with no other command on the path than the launcher needs.
 */
class LauncherBuildIT {
    private static final List<String> MODULES = List.of("codecs", "testkit", "sticky-partitioner", "sdk", "perf-tool");
    private static final List<String> COMMANDS =
            List.of("bash", "cat", "dirname", "find", "head", "mkdir", "mktemp", "readlink", "rm", "sed", "sleep", "touch");
    private static final String BUILDING = "millrace-perf: building it first";
    /** Does what a build does that succeeds. */
    private static final String BUILD = """
            echo "$JAVA_HOME: $*" >>../mvn.calls
            mkdir -p codecs/target/classes testkit/target/classes sticky-partitioner/target/classes sdk/target/classes
            mkdir -p perf-tool/target/classes
            echo "$PWD/sdk/target/classes:$PWD/codecs/target/classes" >perf-tool/target/launch.classpath
            """;

    @TempDir
    Path folder;

    private final Map<String, String> environment = new HashMap<>();
    private Path root;
    private Path commands;

    @BeforeEach
    void layOut() throws IOException {
        folder = folder.toRealPath();
        root = Files.createDirectories(folder.resolve("checkout"));
        commands = folder.resolve("commands");
        Path bin = Files.createDirectories(root.resolve("perf-tool/bin"));
        for (String name : List.of("millrace-perf", "launch.sh")) {
            Files.copy(LauncherIT.LAUNCHER.resolveSibling(name), bin.resolve(name));
        }
        Files.writeString(root.resolve("pom.xml"), "<project/>");
        for (String module : MODULES) {
            Files.createDirectories(source(module).getParent());
            Files.writeString(source(module), "class A {}");
            Files.writeString(root.resolve(module).resolve("pom.xml"), "<project/>");
        }
        setAge(Duration.ofHours(1), root);
        for (String command : COMMANDS) {
            passOn(command);
        }
        script(commands.resolve("mvn"), BUILD);
        jdk("jdk", "17.0.9");
        environment.put("PATH", commands.toString());
        environment.put("MILLRACE_BUILD", "");
    }

    private Path source(String module) {
        return root.resolve(module).resolve("src/main/java/A.java");
    }

    private static void setAge(Duration age, Path tree) throws IOException {
        FileTime time = FileTime.from(Instant.now().minus(age));
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path file : files.toList()) {
                Files.setLastModifiedTime(file, time);
            }
        }
    }

    private static void script(Path file, String content) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, "#!/bin/sh\n" + content);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** Puts this machine's command on the launcher's path; as a script, for JUnit warns of links out of its folder. */
    private void passOn(String command) throws IOException {
        Path real = Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .map(entry -> Path.of(entry, command)).filter(Files::isExecutable).findFirst().orElseThrow();
        script(commands.resolve(command), "exec " + real.toAbsolutePath() + " \"$@\"\n");
    }

    /** A JDK that says what it is asked to run, and makes it the launcher's. */
    private Path jdk(String name, String version) throws IOException {
        Path home = folder.resolve(name);
        script(home.resolve("bin/java"), "echo \"ran $*\"\n");
        script(home.resolve("bin/javac"), "");
        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
        environment.put("JAVA_HOME", home.toString());
        return home;
    }

    private LaunchedProgram start(String name) throws IOException {
        return LaunchedProgram.start(folder.resolve(name), root.resolve("perf-tool/bin/millrace-perf"), environment, "produce");
    }

    private LaunchedProgram run(int exitCode) throws IOException, InterruptedException {
        return start("run").expectExit(exitCode);
    }

    private void assertRunsWithoutBuild() throws IOException, InterruptedException {
        assertEquals("", run(0).assertOut("dev.millrace.perf.MillracePerf produce").err());
    }

    private void assertBuilds() throws IOException, InterruptedException {
        int before = builds().size();
        assertEquals(1, run(0).assertOut("dev.millrace.perf.MillracePerf produce").assertErr(BUILDING).err().lines().count());
        assertEquals(before + 1, builds().size());
    }

    private List<String> builds() throws IOException {
        Path calls = folder.resolve("mvn.calls");
        return Files.exists(calls) ? Files.readAllLines(calls) : List.of();
    }

    /** Makes the last build one of a minute ago, so that no clock is too coarse to tell what has changed since. */
    private void ageBuild() throws IOException, InterruptedException {
        setAge(Duration.ofHours(1), root);
        setAge(Duration.ofMinutes(1), root.resolve("perf-tool/target/launch.classpath"));
        assertRunsWithoutBuild();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldBuildAtTheFirstStartOnly(boolean flock) throws IOException, InterruptedException {
        if (flock) {
            passOn("flock");
        }
        assertBuilds();
        assertRunsWithoutBuild();
        assertRunsWithoutBuild();
        assertEquals(1, builds().size());
        String call = builds().get(0);
        assertTrue(call.startsWith(folder.resolve("jdk") + ": ") && call.contains("-pl perf-tool -am package")
                && call.contains("-Dmaven.test.skip=true"), call);
        assertFalse(Files.exists(root.resolve("target/launch.lock.d")));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldBuildOnceWhenStartedTwiceAtOnce(boolean flock) throws IOException, InterruptedException {
        if (flock) {
            passOn("flock");
        }
        script(commands.resolve("mvn"), "sleep 0.5\n" + BUILD);
        LaunchedProgram first = start("first");
        LaunchedProgram second = start("second");
        first.expectExit(0).assertOut("MillracePerf");
        second.expectExit(0).assertOut("MillracePerf");
        assertEquals(1, builds().size());
    }

    @Test
    void shouldBuildAgainWhenAnythingItIsMadeOfChanges() throws IOException, InterruptedException {
        assertBuilds();
        for (String module : MODULES) {
            ageBuild();
            Files.writeString(source(module), "class A { }");
            assertBuilds();
        }
        ageBuild();
        Files.writeString(root.resolve("pom.xml"), "<project />");
        assertBuilds();
        ageBuild();
        Files.writeString(root.resolve("sdk/pom.xml"), "<project />");
        assertBuilds();
        ageBuild();
        Files.delete(source("codecs"));
        assertBuilds();
        ageBuild();
        Files.delete(root.resolve("sdk/target/classes"));
        assertBuilds();
    }

    @Test
    void shouldNotMissWhatChangesWhileItBuilds() throws IOException, InterruptedException {
        script(commands.resolve("mvn"), "sleep 0.1\ntouch sdk/src/main/java/A.java\n" + BUILD);
        assertBuilds();
        script(commands.resolve("mvn"), BUILD);
        assertBuilds();
        assertRunsWithoutBuild();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldShowTheBuildsOutputWhenItFails(boolean flock) throws IOException, InterruptedException {
        if (flock) {
            passOn("flock");
        }
        script(commands.resolve("mvn"), "echo '[ERROR] A.java: not a statement'\nexit 3\n");
        LaunchedProgram run = run(1).assertErr(BUILDING, "[ERROR] A.java: not a statement", "millrace-perf: the build failed",
                root.resolve("perf-tool/target/launch-build.log").toString());
        assertEquals("", run.out());
        script(commands.resolve("mvn"), BUILD);
        assertBuilds();
    }

    @Test
    void shouldSayThatThereIsNoMaven() throws IOException, InterruptedException {
        Files.delete(commands.resolve("mvn"));
        assertSaysOnly("millrace-perf: is not built yet and there is no mvn to build it with; install Maven 3.8 or newer");
    }

    @Test
    void shouldSayThatThereIsNoCompiler() throws IOException, InterruptedException {
        Path home = jdk("jre", "21.0.1");
        Files.delete(home.resolve("bin/javac"));
        assertSaysOnly("millrace-perf: is not built yet and " + home + " is no JDK (it has no javac); set JAVA_HOME to one");
    }

    @Test
    void shouldSayThatThereIsNoJava() throws IOException, InterruptedException {
        environment.put("JAVA_HOME", "");
        assertSaysOnly("millrace-perf: no java found; install JDK 17 or newer, or set JAVA_HOME");
    }

    @Test
    void shouldSayThatJavaIsTooOldAndNotBuildWithIt() throws IOException, InterruptedException {
        Path home = jdk("old", "16.0.2");
        assertSaysOnly("millrace-perf: needs Java 17 or newer, but " + home.resolve("bin/java")
                + " is 16.0.2; set JAVA_HOME to a newer one");
    }

    @Test
    void shouldNotBuildWhenToldNotTo() throws IOException, InterruptedException {
        environment.put("MILLRACE_BUILD", "never");
        assertSaysOnly("millrace-perf: is not built; run mvn package in " + root);
    }

    private void assertSaysOnly(String line) throws IOException, InterruptedException {
        LaunchedProgram run = run(1);
        assertEquals(line + "\n", run.err());
        assertEquals("", run.out());
        assertEquals(List.of(), builds());
    }

    @Test
    void shouldAllowWhatTheCodecsDoAsFarAsTheJvmKnowsTheFlag() throws IOException, InterruptedException {
        assertBuilds();
        String out = run(0).assertOut("--enable-native-access=ALL-UNNAMED").out();
        assertFalse(out.contains("--sun-misc-unsafe-memory-access"), out);
        jdk("new", "25");
        run(0).assertOut("--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow");
    }
}
