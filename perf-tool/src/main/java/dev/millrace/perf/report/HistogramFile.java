package dev.millrace.perf.report;

import dev.millrace.perf.load.Interval;
import dev.millrace.perf.load.IntervalListener;
import dev.millrace.perf.spec.UsageException;
import java.io.FileNotFoundException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogWriter;

/**
 * The histograms of each interval in HdrHistogram's log format, in microseconds, tagged {@code response} and
 * {@code service} or as the command calls them. For one thread.
 */
public final class HistogramFile implements IntervalListener, AutoCloseable {
    /**
     * Whose times they are.
     *
     * @param tag of the times that an interval calls response times
     * @param serviceTag of those it calls service times
     */
    public record Kind(String command, String tag, String serviceTag) {
    }

    /**
     * The times of a whole phase.
     *
     * @param service the same object as {@code response} when there is one kind of times only
     */
    public record Whole(Histogram response, Histogram service) {
    }

    /** The log's maxima in milliseconds. */
    private static final double MICROS_PER_MILLI = 1000;

    private final PrintStream out;
    private final HistogramLogWriter writer;
    private final long reportEveryMs;
    private final Kind kind;
    /** Of the interval being gathered. */
    private Histogram response;
    private Histogram service;
    private long startMs;
    private long baseMs;
    /** Written so far; what the phase has beyond them is the last interval. */
    private Histogram responseWritten;
    private Histogram serviceWritten;

    /**
     * Opens the file.
     *
     * @throws UsageException when the file cannot be written
     */
    public HistogramFile(Path file, Duration reportEvery, Kind kind) {
        this.kind = kind;
        try {
            this.out = new PrintStream(file.toFile());
        } catch (FileNotFoundException e) {
            throw new UsageException("--hlog: cannot write " + file.toAbsolutePath() + ": " + e.getMessage(), e);
        }
        this.writer = new HistogramLogWriter(out);
        this.reportEveryMs = reportEvery.toMillis();
    }

    /** Writes the head; called when the phase begins. */
    public void begin(long nowMs) {
        startMs = nowMs;
        baseMs = nowMs;
        writer.outputComment("[millrace-perf " + kind.command() + "; times in microseconds, maxima of the intervals in milliseconds]");
        writer.outputLogFormatVersion();
        writer.outputStartTime(nowMs);
        writer.setBaseTime(nowMs);
        writer.outputLegend();
    }

    @Override
    public void interval(Interval interval) {
        gather(interval.response(), interval.service());
        if (interval.endMs() - startMs >= reportEveryMs * 0.95) {
            write(interval.endMs());
        }
    }

    private void gather(Histogram newResponse, Histogram newService) {
        if (response == null) {
            response = empty(newResponse);
            service = empty(newResponse);
            responseWritten = empty(newResponse);
            serviceWritten = empty(newResponse);
        }
        response.add(newResponse);
        service.add(newService);
    }

    private static Histogram empty(Histogram like) {
        return new Histogram(like);
    }

    private void write(long endMs) {
        write(kind.tag(), response, responseWritten, endMs);
        if (service.getTotalCount() > 0) {
            write(kind.serviceTag(), service, serviceWritten, endMs);
        }
        startMs = endMs;
    }

    private void write(String tag, Histogram histogram, Histogram written, long endMs) {
        histogram.setTag(tag);
        writer.outputIntervalHistogram((startMs - baseMs) / 1e3, (endMs - baseMs) / 1e3, histogram, MICROS_PER_MILLI);
        written.add(histogram);
        histogram.reset();
    }

    /** Writes what no interval had yet; called when the phase is over. */
    public void end(Whole whole, long nowMs) {
        gather(empty(whole.response()), empty(whole.response()));
        response = whole.response().copy();
        response.subtract(responseWritten);
        if (whole.service() != whole.response()) {
            service = whole.service().copy();
            service.subtract(serviceWritten);
        }
        write(nowMs);
    }

    @Override
    public void close() {
        out.close();
    }
}
