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
        String[] suite = Stream.of("Append", "AppendAlternatives", "BatchWriter", "BufferPool", "Codec", "Completion",
                "LatencyRecording", "NativeCodec", "Partitioner", "Send", "StagingAlternatives", "Varint")
                .map(name -> "dev.millrace.perf.jmh." + name + "Benchmark.").toArray(String[]::new);
        jmh("--", "-l").expectExit(0).assertOut(suite);
    }

    /** The fork must find the classes and must not warn: it gets this process's class path and flags. */
    @Test
    void shouldRunABenchmarkInAFork() throws IOException, InterruptedException {
        jmh("LatencyRecording.*plain", "--", "-f", "1", "-wi", "0", "-i", "1", "-r", "10ms")
                .expectExit(0).assertOut("Run complete", "LatencyRecordingBenchmark.plainHistogram");
    }

    /** They reach into both clients for what is not public, which another version may not have. */
    @Test
    void shouldFindTheClientsParts() throws IOException, InterruptedException {
        jmh("AppendBenchmark|PartitionerBenchmark.kafka$", "--", "-f", "1", "-wi", "0", "-i", "1",
                "-r", "10ms", "-p", "codec=none", "-foe", "true").expectExit(0).assertOut("Run complete", "AppendBenchmark.send");
    }

    @Test
    void shouldSendToASink() throws IOException, InterruptedException {
        jmh("jmh.SendBenchmark", "--", "-f", "1", "-wi", "0", "-i", "1", "-r", "10ms",
                "-p", "codec=none", "-p", "client=millrace", "-foe", "true")
                .expectExit(0).assertOut("Run complete", "SendBenchmark.send");
    }

    @Test
    void shouldEndWith1WhenNothingMatches() throws IOException, InterruptedException {
        jmh("NoSuchBenchmark").expectExit(1);
    }
}
