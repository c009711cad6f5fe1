package dev.millrace.testkit;

import static dev.millrace.testkit.DeliveryFault.DUPLICATED;
import static dev.millrace.testkit.DeliveryFault.KEY_SPLIT;
import static dev.millrace.testkit.DeliveryFault.MISPLACED;
import static dev.millrace.testkit.DeliveryFault.OUT_OF_ORDER_IN_KEY;
import static dev.millrace.testkit.DeliveryFault.OUT_OF_ORDER_IN_PARTITION;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a ledger compares of order and places: within a partition, a key, a lane, and of one thread. */
class DeliveryLedgerOrderTest extends LedgerTest {
    @Test
    void shouldNotTakeRepeatedBatchForReorder() {
        long first = sent(0);
        long second = sent(1);
        for (int copy = 0; copy < 2; copy++) {
            ledger.observe(first, 0, 2 * copy);
            ledger.observe(second, 0, 2 * copy + 1);
        }
        only(Map.of(DUPLICATED, 2));
    }

    @Test
    void shouldReportEachRecordBehindALaterOneOfItsPartition() {
        long[] ids = {sent(1), sent(2), sent(0), sent(3)};
        ledger.observe(ids[2], 0, 0);
        ledger.observe(ids[0], 0, 1);
        ledger.observe(ids[1], 0, 2);
        ledger.observe(ids[3], 0, 3);
        DeliveryReport report = only(Map.of(OUT_OF_ORDER_IN_PARTITION, 2));
        assertEquals("id 0 at partition 0 offset 1, behind id 2", report.examples(OUT_OF_ORDER_IN_PARTITION).get(0));
    }

    @Test
    void shouldNotCompareOrderAcrossPartitions() {
        long first = ledger.sending(1, null);
        long second = ledger.sending(0, null);
        long third = ledger.sending(1, null);
        ledger.acked(first, 1, 0);
        ledger.acked(second, 0, 0);
        ledger.acked(third, 1, 1);
        ledger.observe(second, 0, 0);
        ledger.observe(first, 1, 0);
        ledger.observe(third, 1, 1);
        only(Map.of());
    }

    @Test
    void shouldReportReorderInSecondPartitionToo() {
        long[] ids = new long[4];
        for (int i = 0; i < 4; i++) {
            ids[i] = ledger.sending(i % 2, null);
            ledger.acked(ids[i], i % 2, i / 2 == 0 ? 1 : 0);
        }
        ledger.observe(ids[2], 0, 0);
        ledger.observe(ids[0], 0, 1);
        ledger.observe(ids[3], 1, 0);
        ledger.observe(ids[1], 1, 1);
        only(Map.of(OUT_OF_ORDER_IN_PARTITION, 2));
    }

    @Test
    void shouldReportReorderOfOneKeyOnlyForThatKey() {
        long a1 = ledger.sending(null, "a");
        long b1 = ledger.sending(null, "b");
        long a2 = ledger.sending(null, "a");
        ledger.acked(a1, 0, 2);
        ledger.acked(b1, 0, 1);
        ledger.acked(a2, 0, 0);
        ledger.observe(a2, 0, 0);
        ledger.observe(b1, 0, 1);
        ledger.observe(a1, 0, 2);
        DeliveryReport report = only(Map.of(OUT_OF_ORDER_IN_PARTITION, 2, OUT_OF_ORDER_IN_KEY, 1));
        assertEquals(List.of("id 0 of key a at partition 0 offset 2, behind id 2"),
                report.examples(OUT_OF_ORDER_IN_KEY));
        assertTrue(report.isClean(OUT_OF_ORDER_IN_PARTITION, OUT_OF_ORDER_IN_KEY));
    }

    @Test
    void shouldCompareByteArrayKeysByContent() {
        byte[] key = "k".getBytes(StandardCharsets.UTF_8);
        long first = ledger.sending(null, key.clone());
        long second = ledger.sending(null, key.clone());
        ledger.acked(first, 0, 1);
        ledger.acked(second, 0, 0);
        ledger.observe(second, 0, 0);
        ledger.observe(first, 0, 1);
        DeliveryReport report = only(Map.of(OUT_OF_ORDER_IN_PARTITION, 1, OUT_OF_ORDER_IN_KEY, 1));
        assertTrue(report.examples(OUT_OF_ORDER_IN_KEY).get(0).contains("key 6b"));
    }

    @Test
    void shouldNotCompareOrderBetweenLanes() {
        long first = ledger.sending(0, null, "k");
        long second = ledger.sending(1, null, "k");
        ledger.acked(first, 0, 1);
        ledger.acked(second, 0, 0);
        ledger.observe(second, 0, 0);
        ledger.observe(first, 0, 1);
        only(Map.of());
        assertThrows(IllegalArgumentException.class, () -> ledger.sending(-1, null, null));
    }

    @Test
    void shouldNotCompareOrderBetweenThreads() throws InterruptedException {
        long first = sent(1);
        long[] second = new long[1];
        Thread other = new Thread(() -> second[0] = sent(0));
        other.start();
        other.join();
        ledger.observe(second[0], 0, 0);
        ledger.observe(first, 0, 1);
        only(Map.of());
    }

    @Test
    void shouldReportKeyInSeveralPartitionsUnlessTheTestChoseThem() {
        for (int i = 0; i < 3; i++) {
            long byProducer = ledger.sending(null, "split");
            ledger.acked(byProducer, i, 0);
            ledger.observe(byProducer, i, 0);
            long byTest = ledger.sending(i, "chosen");
            ledger.acked(byTest, i, 1);
            ledger.observe(byTest, i, 1);
        }
        only(Map.of(KEY_SPLIT, 2));
    }

    @Test
    void shouldReportRecordInAnotherPartitionThanAsked() {
        long id = ledger.sending(2, "k");
        ledger.acked(id, 1, 0);
        ledger.observe(id, 1, 0);
        only(Map.of(MISPLACED, 1));
    }
}
