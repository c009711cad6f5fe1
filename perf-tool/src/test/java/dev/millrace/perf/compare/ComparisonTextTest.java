package dev.millrace.perf.compare;

import static dev.millrace.perf.compare.Comparisons.pair;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ComparisonTextTest {
    private static void assertSays(String text, String... parts) {
        for (String part : parts) {
            assertTrue(text.contains(part), () -> "no '" + part + "' in:\n" + text);
        }
    }

    @Test
    void shouldSayWhatWasComparedAndHow() {
        assertSays(ComparisonText.of(Comparisons.ofCpu(pair(1, 2), pair(1, 4)).make()),
                "A          millrace: client=millrace\n", "B          kafka: client=kafka, linger.ms=9\n",
                "2 threads, 100-byte values, no keys, as fast as the client takes them (closed loop); 10,000 records after "
                        + "2,000,000",
                "acks=all, linger.ms=5 (A), 9 (B)", "6 partitions, on 1 embedded broker; every record of every run confirmed",
                "2 pairs, each in a JVM of its own, in the order A B B A");
    }

    @Test
    void shouldShowMediansAndRatiosWithTheirSpread() {
        String text = ComparisonText.of(Comparisons.ofCpu(pair(1, 2), pair(1, 4)).make());
        assertTrue(text.matches("(?s).*\nCPU s per million records +1\\.000 +3\\.000 +0\\.375 "
                + "\\(0\\.250 - 0\\.500\\)  A is better\n.*"), text);
        assertTrue(text.matches("(?s).*\nrecords per batch +unknown +unknown +unknown\n.*"), text);
        assertSays(text, "records per request", "(1.000 - 1.000)  inconclusive", "verdict    A (client=millrace) is better in",
                "still compiled for 17 ms (A) and 17 ms (B)");
        assertFalse(text.contains("response ms"), text);
    }

    @Test
    void shouldShowResponseTimesInAnOpenLoop() {
        assertSays(ComparisonText.of(Comparisons.ofCpu(pair(1, 2)).throughput(20_000).make()),
                "20,000 records/s by schedule (open loop)", "response ms, p50", "  p99.9 ");
    }

    @Test
    void shouldJudgeEachTarget() {
        String text = ComparisonText.of(Comparisons.ofCpu(pair(1, 2), pair(1, 4)).targets("cpu_s_per_million<=0.5",
                "cpu_s_per_million<=0.3", "records_per_request>1", "records_per_batch>=1").make());
        assertTrue(text.matches("(?s).*cpu_s_per_million<=0.5 +measured 0\\.375 +met\n"
                + ".*cpu_s_per_million<=0.3 +measured 0\\.375 +MISSED\n.*records_per_request>1 +measured 1\\.000 +INCONCLUSIVE\n"
                + ".*records_per_batch>=1 +measured nothing +NOT VALID\n"), text);
    }

    @Test
    void shouldSayThatNobodyCounted() {
        assertSays(ComparisonText.of(Comparisons.ofCpu(pair(1, 2)).unconfirmed().make()), "the sink stores nothing");
    }
}
