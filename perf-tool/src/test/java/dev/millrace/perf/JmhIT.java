package dev.millrace.perf;

import dev.millrace.testkit.LaunchedProgram;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JmhIT {
    @TempDir
    Path folder;

    private LaunchedProgram jmh(String... args) throws IOException {
        return LaunchedProgram.start(folder, LauncherIT.LAUNCHER, Stream.concat(Stream.of("jmh"), Stream.of(args))
                .toArray(String[]::new));
    }

    @Test
    void shouldListTheBenchmarks() throws IOException, InterruptedException {
        jmh("--", "-l").expectExit(0).assertOut("dev.millrace.perf.jmh.LatencyRecordingBenchmark.");
    }

    /** The fork must find the classes and must not warn: it gets this process's class path and flags. */
    @Test
    void shouldRunABenchmarkInAFork() throws IOException, InterruptedException {
        jmh("LatencyRecording.*plain", "--", "-f", "1", "-wi", "0", "-i", "1", "-r", "10ms")
                .expectExit(0).assertOut("Run complete", "LatencyRecordingBenchmark.plainHistogram");
    }

    @Test
    void shouldEndWith1WhenNothingMatches() throws IOException, InterruptedException {
        jmh("NoSuchBenchmark").expectExit(1);
    }
}
