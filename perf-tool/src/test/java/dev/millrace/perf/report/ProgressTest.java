package dev.millrace.perf.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.perf.load.Interval;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    /** The tick that ends so many half seconds after the begin, at 1000 records a second. */
    private static Interval tick(int number) {
        Histogram response = new Histogram(1, 3_600_000_000L, 3);
        response.recordValue(5_000);
        return new Interval((number - 1) * 500L, number * 500L, number * 500_000_000L, number * 500L, 0, 10_000, response,
                new Histogram(1, 3_600_000_000L, 3));
    }

    private String printed() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void shouldWriteALinePerReportingIntervalWhenNobodyWatches() {
        Progress progress = new Progress(out, false, Duration.ofSeconds(2), "sent");
        for (int i = 1; i <= 9; i++) {
            progress.interval(tick(i));
        }
        progress.end();
        assertEquals(2, printed().lines().count(), printed());
        assertEquals("sent  20%  2,000 / 10,000  1,000 records/s  p99 5.0 ms  8 s left",
                printed().lines().findFirst().orElseThrow());
    }

    /** A warm-up has several rounds, each of which counts from 0. */
    @Test
    void shouldTellNoRateBelowZeroWhenAnotherRoundBegins() {
        Progress progress = new Progress(out, false, Duration.ofSeconds(2), "warm-up");
        for (int i = 1; i <= 4; i++) {
            progress.interval(tick(i));
        }
        for (int i = 1; i <= 4; i++) {
            progress.interval(tick(i));
        }
        assertEquals(2, printed().lines().filter(line -> line.contains("2,000 / 10,000  1,000 records/s")).count(), printed());
    }

    @Test
    void shouldRewriteOneLineOnATerminalAndTakeItAway() {
        Progress progress = new Progress(out, true, Duration.ofSeconds(2), "sent");
        progress.interval(tick(1));
        progress.interval(tick(2));
        progress.end();
        assertEquals(1, printed().lines().filter(line -> line.contains("1,000 / 10,000")).count());
        assertTrue(!printed().contains("\n") && printed().endsWith("\r\u001b[K"), printed());
    }
}
