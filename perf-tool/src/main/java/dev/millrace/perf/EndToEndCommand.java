package dev.millrace.perf;

import dev.millrace.perf.load.StopSignal;
import dev.millrace.perf.report.EndToEndJson;
import dev.millrace.perf.report.EndToEndText;
import dev.millrace.perf.report.ExitCode;
import dev.millrace.perf.spec.EndToEndSpec;
import dev.millrace.perf.spec.Targets;
import dev.millrace.perf.spec.Warmup;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code millrace-perf e2e}: one measured run. */
@Command(
        name = "e2e",
        description = {
            "Sends records by a schedule, has them handled, and measures how late each was: from when it was due until it was "
                    + "handled. Producer and consumer are in this process, so one clock times both ends.",
            "Without options: starts a broker, and sends 100,000 records at 10,000 a second by Millrace's producer to Millrace's "
                    + "parallel consumer.",
            ""},
        sortOptions = false,
        abbreviateSynopsis = true,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:every target was met (or there was none)",
            "1:error: no broker, records failed, were not handled or handled twice, or what was handled is not committed",
            "2:usage: a wrong option, target or client setting",
            "3:a target was missed",
            "4:the run is not valid: schedule not kept, or too few samples for a percentile",
            "130:stopped by Ctrl-C; what was measured so far is printed"},
        footerHeading = "%nExamples:%n",
        footer = {
            "  millrace-perf e2e --throughput 20000 --num-records 400000 --target 'p99<20ms,errors=0'",
            "  millrace-perf e2e --producer kafka --client kafka",
            "  millrace-perf e2e --producer-property linger.ms=0 --work-us 500 --concurrency 64"})
final class EndToEndCommand implements Callable<Integer> {
    @Mixin
    private EndToEndOptions options;

    @Option(names = "--warmup-records", paramLabel = "N",
            description = "Records sent before the measurement, which no figure counts; one at least (default: as many as are "
                    + "measured, at most 500,000, 100 MB, and 10 s of the schedule).")
    private Long warmupRecords;

    @Option(names = "--target", paramLabel = "EXPR,...",
            description = "What the run must reach, of the time from due to handled (p50, p90, p99, p99.9, p99.99, max with < or <=, "
                    + "and us, ms or s), rate>=N records/s, errors=N: 'p99<20ms,errors=0'.")
    private List<String> targets = new ArrayList<>();

    @Mixin
    private OutputOptions output;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help and exit.")
    private boolean help;

    @Override
    public Integer call() {
        RunConsole console = output.console();
        ReportOutput result = output.output();
        EndToEndSpec spec = options.toSpec(Warmup.ofOneRun(warmupRecords), Targets.ofEndToEnd(targets));
        StopSignal stop = new StopSignal();
        Interruption interruption = Interruption.install(stop, ExitCode.INTERRUPTED);
        return new EndToEndSession(spec, stop, interruption, console)
                .run(report -> result.write(EndToEndText.of(report), () -> EndToEndJson.of(report)));
    }
}
