package dev.millrace.perf;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code millrace-perf jmh}: the benchmarks of package {@code dev.millrace.perf.jmh}. */
@Command(
        name = "jmh",
        customSynopsis = "millrace-perf jmh [REGEX] [-- JMH-OPTIONS]",
        description = "Runs the JMH benchmarks whose names match, all of them without REGEX.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  millrace-perf jmh -- -l                      list the benchmarks",
            "  millrace-perf jmh Latency -- -prof gc -f 1   with garbage figures, one fork",
            "  millrace-perf jmh Append -- -prof cpu -t 4   with CPU time, four threads",
            "  millrace-perf jmh -- -h                      JMH's own options"})
final class JmhCommand implements Callable<Integer> {
    /** JMH finds profilers that are not its own by their class only. */
    private static final String CPU_PROFILER = "dev.millrace.perf.jmh.CpuProfiler";

    @Parameters(paramLabel = "REGEX", arity = "0..*", description = "Part of a benchmark's name; behind '--', JMH's own options.")
    private List<String> arguments = new ArrayList<>();

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help and exit.")
    private boolean help;

    @Override
    public Integer call() throws IOException {
        for (int i = 1; i < arguments.size(); i++) {
            if (arguments.get(i - 1).equals("-prof") && arguments.get(i).equals("cpu")) {
                arguments.set(i, CPU_PROFILER);
            }
        }
        // JMH ends the process with 1 itself when it fails. Its forks take this process's class path and JVM flags.
        org.openjdk.jmh.Main.main(arguments.toArray(String[]::new));
        return 0;
    }
}
