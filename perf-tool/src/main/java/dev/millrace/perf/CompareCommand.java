package dev.millrace.perf;

import dev.millrace.perf.spec.ProduceSpec;
import dev.millrace.perf.spec.Targets;
import dev.millrace.perf.spec.UsageException;
import dev.millrace.perf.spec.Warmup;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code millrace-perf compare}: pairs of measured runs. */
@Command(
        name = "compare",
        description = {
            "Measures two producers (or consumers: --mode consume), or two settings of one, in turn on the same "
                    + "brokers, and says which is better in what.",
            "Each run is one of 'produce' in a JVM of its own, with a warm-up long enough for the compiler and its counts "
                    + "confirmed. The order is A B B A A B ..., and the ratio A / B is taken within each pair; where the pairs do "
                    + "not agree on the better side, the comparison is inconclusive.",
            "Without options: starts a broker and compares Millrace (A) with KafkaProducer (B) in 5 pairs.",
            ""},
        sortOptions = false,
        abbreviateSynopsis = true,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:every target was met (or there was none)",
            "1:error: no broker, or a run failed: records failed, or the log does not hold what was acknowledged",
            "2:usage: a wrong option, target or client setting",
            "3:a target was missed, or the pairs do not agree about it",
            "4:not valid: a run did not keep its schedule, or there are no samples for a target",
            "130:stopped by Ctrl-C; whole pairs measured so far are printed"},
        footerHeading = "%nExamples:%n",
        footer = {
            "  millrace-perf compare --command-property compression.type=lz4 batch.size=65536",
            "  millrace-perf compare --a linger.ms=0 --b linger.ms=5 --throughput 20000 --sink 2ms",
            "  millrace-perf compare --a client=millrace,threads=4 --b client=millrace --sink",
            "  millrace-perf compare --mode consume --a client=millrace,ordering=key --b client=kafka",
            "  millrace-perf compare --key-cardinality 100000 --partitions 1000 --target 'cpu_s_per_million<=0.5'"})
final class CompareCommand implements Callable<Integer> {
    private static final String PRODUCE = "produce";

    @Spec
    private CommandSpec spec;

    @Option(names = "--mode", paramLabel = "COMMAND", defaultValue = PRODUCE,
            description = "What the runs are: produce or consume; 'compare --mode consume --help' tells of the latter's options "
                    + "(default: ${DEFAULT-VALUE}).")
    private String mode;

    @Mixin
    private CompareOptions compare;

    @Mixin
    private ProduceOptions options;

    @Option(names = "--warmup-records", paramLabel = "N",
            description = "Records each run sends before its measurement, which no figure counts (default: 2,000,000, at most "
                    + "1 GB and, with --throughput, 20 s).")
    private Long warmupRecords;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help and exit.")
    private boolean help;

    @Override
    public Integer call() throws InterruptedException {
        if (!mode.equals(PRODUCE)) {
            throw new UsageException("--mode: there is no mode '" + mode + "'; there are produce and consume");
        }
        ProduceSpec both = options.toSpec(Warmup.ofComparedRuns(warmupRecords), Targets.parse(List.of()));
        return new Comparing<>(new ComparedProduce(), compare, spec.commandLine().getParseResult(), new ProduceOptions()).run(both);
    }
}
