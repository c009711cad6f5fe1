package dev.millrace.perf;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JmhIT {
    @TempDir
    Path folder;

    @Test
    void shouldListTheBenchmarks() throws IOException, InterruptedException {
        Launched.start(folder, "jmh", "--", "-l").expectExit(0).assertOut("dev.millrace.perf.jmh.LatencyRecordingBenchmark.");
    }

    /** The fork must find the classes and must not warn: it gets this process's class path and flags. */
    @Test
    void shouldRunABenchmarkInAFork() throws IOException, InterruptedException {
        Launched.start(folder, "jmh", "LatencyRecording.*plain", "--", "-f", "1", "-wi", "0", "-i", "1", "-r", "10ms")
                .expectExit(0).assertOut("Run complete", "LatencyRecordingBenchmark.plainHistogram");
    }

    @Test
    void shouldEndWith1WhenNothingMatches() throws IOException, InterruptedException {
        Launched.start(folder, "jmh", "NoSuchBenchmark").expectExit(1);
    }
}
