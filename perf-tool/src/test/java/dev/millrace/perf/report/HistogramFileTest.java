package dev.millrace.perf.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.millrace.perf.load.Interval;
import dev.millrace.perf.spec.UsageException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HistogramFileTest {
    private static final HistogramFile.Kind KIND = new HistogramFile.Kind("produce", "response", "service");

    @TempDir
    Path folder;

    private static Histogram histogram(long... micros) {
        Histogram histogram = new Histogram(1, 3_600_000_000L, 3);
        for (long value : micros) {
            histogram.recordValue(value);
        }
        return histogram;
    }

    private Map<String, Histogram> read(Path file) throws IOException {
        Map<String, Histogram> byTag = new HashMap<>();
        try (HistogramLogReader reader = new HistogramLogReader(file.toFile())) {
            while (reader.hasNext()) {
                Histogram next = (Histogram) reader.nextIntervalHistogram();
                byTag.computeIfAbsent(next.getTag(), tag -> histogram()).add(next);
                byTag.computeIfAbsent(next.getTag() + " intervals", tag -> histogram()).recordValue(1);
            }
        }
        return byTag;
    }

    @Test
    void shouldHoldEveryValueOnce() throws IOException {
        Path file = folder.resolve("run.hlog");
        try (HistogramFile log = new HistogramFile(file, Duration.ofSeconds(1), KIND)) {
            log.begin(0);
            log.interval(new Interval(0, 500, 0, 1, 0, 5, histogram(1_000), histogram(500)));
            log.interval(new Interval(500, 1_000, 0, 2, 0, 5, histogram(2_000), histogram(600)));
            log.interval(new Interval(1_000, 1_500, 0, 3, 0, 5, histogram(3_000), histogram(700)));
            log.end(new HistogramFile.Whole(histogram(1_000, 2_000, 3_000, 4_000), histogram(500, 600, 700, 800)), 1_700);
        }
        Map<String, Histogram> read = read(file);
        assertEquals(histogram(1_000, 2_000, 3_000, 4_000), read.get("response"));
        assertEquals(histogram(500, 600, 700, 800), read.get("service"));
        assertEquals(2, read.get("response intervals").getTotalCount());
    }

    @Test
    void shouldHoldResponseTimesAloneInAClosedLoop() throws IOException {
        Path file = folder.resolve("run.hlog");
        try (HistogramFile log = new HistogramFile(file, Duration.ofSeconds(1), KIND)) {
            log.begin(0);
            Histogram response = histogram(1_000, 2_000);
            log.end(new HistogramFile.Whole(response, response), 10);
        }
        Map<String, Histogram> read = read(file);
        assertEquals(histogram(1_000, 2_000), read.get("response"));
        assertEquals(null, read.get("service"));
    }

    @Test
    void shouldSayWhichFileCannotBeWritten() {
        assertThrows(UsageException.class, () -> new HistogramFile(folder.resolve("no/where"), Duration.ofSeconds(1), KIND));
    }
}
