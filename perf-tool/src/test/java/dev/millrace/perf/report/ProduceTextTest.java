package dev.millrace.perf.report;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ProduceTextTest {
    private static void assertSays(String text, String... parts) {
        for (String part : parts) {
            assertTrue(text.contains(part), () -> "no '" + part + "' in:\n" + text);
        }
    }

    @Test
    void shouldSayWhatWasAskedAndWhatCameOut() {
        assertSays(ProduceText.of(Reports.clean().make()),
                "kafka, 2 threads, 100-byte values, no keys", "closed loop", "linger.ms=7; defaults: acks=all",
                "compression.type=none", "1,000 acknowledged, 0 errors, 1,000 confirmed", "500 records/s", "p99.99", "max",
                "3.00 CPU s per million", "100 bytes per record", "GC 7 ms", "250 records per request, unknown bytes");
    }

    @Test
    void shouldPrintServiceTimesApartInAnOpenLoopOnly() {
        assertSays(ProduceText.of(Reports.clean().throughput(10_000).make()),
                "10,000 records/s by schedule (open loop)", "\nservice ", "due time to acknowledgement");
        assertFalse(ProduceText.of(Reports.clean().make()).contains("\nservice "));
    }

    @Test
    void shouldJudgeEachTarget() {
        String text = ProduceText.of(Reports.clean().targets("p50<1s,p50<1ms,p99.9<9s").make());
        assertTrue(text.matches("(?s).*p50<1s +measured 500\\.\\d+ ms +met\n.*p50<1ms +measured \\S+ ms +MISSED\n"
                + ".*p99\\.9<9s +measured \\S+ ms +NOT VALID\n"), text);
    }

    @Test
    void shouldTellOfTransactions() {
        assertSays(ProduceText.of(Reports.clean().transactions(1).confirmed(750).make()),
                "750 committed, 250 errors, 750 confirmed by a read_committed consumer", "375 records/s",
                "\ncommits    3, each after 500 ms; 1 transactions aborted", "\ncommit     p50 30.0");
        assertFalse(ProduceText.of(Reports.clean().make()).contains("commit"));
    }

    @Test
    void shouldSayThatNobodyCounted() {
        assertSays(ProduceText.of(Reports.clean().unconfirmed().make()), "not confirmed: the sink stores nothing");
    }
}
