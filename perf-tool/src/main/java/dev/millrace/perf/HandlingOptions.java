package dev.millrace.perf;

import dev.millrace.perf.spec.Handling;
import dev.millrace.perf.spec.Ordering;
import dev.millrace.perf.spec.RecordForm;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import picocli.CommandLine.Option;

/** The options that say how records are handled, of every command with a consumer. */
final class HandlingOptions {
    private static final int MAX_CONCURRENCY = 100_000;
    private static final long MAX_WORK_US = 600_000_000;

    @Option(names = "--ordering", paramLabel = "ORDERING", defaultValue = "key",
            description = "What a parallel consumer keeps in order: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Ordering ordering;

    @Option(names = "--concurrency", paramLabel = "N", defaultValue = "16",
            description = "Records that are handled at a time, but by client kafka (default: ${DEFAULT-VALUE}).")
    private int concurrency;

    @Option(names = "--virtual-threads", description = "Handle on virtual threads, which needs JDK 21 or newer.")
    private boolean virtualThreads;

    @Option(names = "--async", description = "Handle by an asynchronous handler, whose work a timer completes.")
    private boolean async;

    @Option(names = "--work-us", paramLabel = "N", defaultValue = "0",
            description = "Microseconds of blocking work for each record: its thread is parked (default: ${DEFAULT-VALUE}).")
    private long workUs;

    @Option(names = "--deserializer", paramLabel = "FORM", defaultValue = "byte-array",
            description = "What keys and values are made into: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private RecordForm form;

    /** @throws dev.millrace.perf.spec.UsageException naming the option that is wrong, and why */
    Handling handling() {
        return new Handling(ordering, Ranges.check("--concurrency", concurrency, 1, MAX_CONCURRENCY), virtualThreads, async,
                Duration.of(Ranges.check("--work-us", workUs, 0, MAX_WORK_US), ChronoUnit.MICROS), form);
    }
}
