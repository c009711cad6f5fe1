package dev.millrace.perf;

import dev.millrace.perf.spec.ConsumeSpec;
import dev.millrace.perf.spec.Targets;
import dev.millrace.perf.spec.Warmup;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code millrace-perf compare --mode consume}: pairs of measured runs of {@code consume}. */
@Command(
        name = CompareConsumeCommand.NAME,
        hidden = true,
        description = {
            "Measures two consumers, or two settings of one, in turn on the same records, and says which is better in what.",
            "Each run is one of 'consume' in a JVM of its own, in a new group from the beginning of the same topic, which is filled "
                    + "once; all it checks is checked. The order is A B B A A B ..., and the ratio A / B is taken within each pair; "
                    + "where the pairs do not agree on the better side, the comparison is inconclusive.",
            "Without options: starts a broker and compares Millrace (A) with a loop around KafkaConsumer (B) in 5 pairs.",
            ""},
        sortOptions = false,
        abbreviateSynopsis = true,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:every target was met (or there was none)",
            "1:error: no broker, or a run failed: records were not handled or handled twice, or not all is committed",
            "2:usage: a wrong option, target or client setting",
            "3:a target was missed, or the pairs do not agree about it",
            "4:not valid: there are no samples for a target",
            "130:stopped by Ctrl-C; whole pairs measured so far are printed"},
        footerHeading = "%nExamples:%n",
        footer = {
            "  millrace-perf compare --mode consume --target 'records_per_s>=0.35'",
            "  millrace-perf compare --mode consume --work-us 100 --concurrency 64 --a client=millrace --b client=pool",
            "  millrace-perf compare --mode consume --a hot-key-share=0.5 --b hot-key-share=0 --work-us 500",
            "  millrace-perf compare --mode consume --a client=millrace --b client=kafka,deserializer=byte-buffer "
                    + "--target 'a-b.alloc_bytes_per_record<=150'"})
final class CompareConsumeCommand implements Callable<Integer> {
    static final String NAME = "compare --mode consume";

    @Spec
    private CommandSpec spec;

    @Mixin
    private CompareOptions compare;

    @Mixin
    private ConsumeOptions options;

    @Option(names = "--warmup-records", paramLabel = "N",
            description = "Records each run handles before its measurement, which no figure counts (default: 2,000,000, at most "
                    + "1 GB, and 20 s of work).")
    private Long warmupRecords;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help and exit.")
    private boolean help;

    @Override
    public Integer call() throws InterruptedException {
        compare.check();
        RunConsole console = new RunConsole(System.err, Terminal.isStandardErrorOne(),
                Duration.ofMillis(compare.reportingIntervalMs()), Optional.empty());
        ConsumeSpec both = options.toSpec(Warmup.ofComparedRuns(warmupRecords), Targets.ofConsume(List.of()), false);
        return new Comparing<>(new ComparedConsume(console), compare, spec.commandLine().getParseResult(), new ConsumeOptions())
                .run(both);
    }
}
