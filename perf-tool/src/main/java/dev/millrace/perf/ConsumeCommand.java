package dev.millrace.perf;

import dev.millrace.perf.load.StopSignal;
import dev.millrace.perf.report.ConsumeJson;
import dev.millrace.perf.report.ConsumeText;
import dev.millrace.perf.report.ExitCode;
import dev.millrace.perf.spec.ConsumeClient;
import dev.millrace.perf.spec.ConsumeSpec;
import dev.millrace.perf.spec.Targets;
import dev.millrace.perf.spec.UsageException;
import dev.millrace.perf.spec.Warmup;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code millrace-perf consume}: one measured run. */
@Command(
        name = "consume",
        description = {
            "Has a topic's records handled, measures how fast, and checks that each was handled once and all is committed.",
            "Without options: starts a broker, fills a topic with 1,000,000 records of 100 bytes and 10,000 keys, and as many for "
                    + "the warm-up as need be, and has Millrace's parallel consumer handle them in the order of each key.",
            ""},
        sortOptions = false,
        abbreviateSynopsis = true,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:every target was met (or there was none)",
            "1:error: no broker, records were not handled or handled twice, or what was handled is not committed",
            "2:usage: a wrong option, target or client setting",
            "3:a target was missed",
            "4:the run is not valid: too few samples for a percentile",
            "130:stopped by Ctrl-C; what was measured so far is printed"},
        footerHeading = "%nExamples:%n",
        footer = {
            "  millrace-perf consume --client kafka",
            "  millrace-perf consume --ordering key --concurrency 64 --work-us 100 --target 'share>=0.7,p99<5ms'",
            "  millrace-perf consume --client pool --concurrency 64 --work-us 100",
            "  millrace-perf consume --concurrency 1000 --virtual-threads --work-us 5000",
            "  millrace-perf consume --bootstrap-server broker:9092 --topic orders --json result.json"})
final class ConsumeCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private ConsumeOptions options;

    @Option(names = "--warmup-records", paramLabel = "N",
            description = "Records handled before the measurement, which no figure counts (default: as many as are measured, at "
                    + "most 500,000, 100 MB, and 10 s of work).")
    private Long warmupRecords;

    @Option(names = "--target", paramLabel = "EXPR,...",
            description = "What the run must reach, of the time in the handler (p50, p90, p99, p99.9, p99.99, max with < or <=, and "
                    + "us, ms or s), rate>=N records/s, share>=N of what the handlers' work allows, errors=N: "
                    + "'rate>=500000,errors=0'.")
    private List<String> targets = new ArrayList<>();

    @Mixin
    private OutputOptions output;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help and exit.")
    private boolean help;

    @Override
    public Integer call() throws Exception {
        RunConsole console = output.console();
        ReportOutput result = output.output();
        ConsumeSpec asked = options.toSpec(Warmup.ofOneRun(warmupRecords), Targets.ofConsume(targets), false);
        checkMeaning(asked.client());
        StopSignal stop = new StopSignal();
        Interruption interruption = Interruption.install(stop, ExitCode.INTERRUPTED);
        return new ConsumeSession(asked, stop, interruption, console)
                .run(report -> result.write(ConsumeText.of(report), () -> ConsumeJson.of(report)));
    }

    private void checkMeaning(ConsumeClient client) {
        for (OptionSpec option : spec.commandLine().getParseResult().matchedOptions()) {
            if (client.ignores(option.longestName())) {
                throw new UsageException(option.longestName() + " says nothing to client " + client + "; leave it out");
            }
        }
    }
}
