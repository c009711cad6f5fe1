package dev.millrace.testkit;

import static dev.millrace.testkit.DeliveryFault.ABORTED_SEEN;
import static dev.millrace.testkit.DeliveryFault.CORRUPT;
import static dev.millrace.testkit.DeliveryFault.DECIDED_TWICE;
import static dev.millrace.testkit.DeliveryFault.DUPLICATED;
import static dev.millrace.testkit.DeliveryFault.LOST;
import static dev.millrace.testkit.DeliveryFault.OFFSET_MISMATCH;
import static dev.millrace.testkit.DeliveryFault.OUT_OF_ORDER_IN_PARTITION;
import static dev.millrace.testkit.DeliveryFault.UNDECIDED;
import static dev.millrace.testkit.DeliveryFault.UNKNOWN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TransactionAbortedException;
import org.junit.jupiter.api.Test;

/** What became of each record: that it is in the log once, as it was sent, and as its sender was told. */
class DeliveryLedgerTest extends LedgerTest {
    @Test
    void shouldBeCleanWhenLogHoldsWhatWasAcknowledged() {
        for (int i = 0; i < 100; i++) {
            ledger.observe(sent(i), 0, i);
        }
        DeliveryReport report = ledger.report().assertClean();
        assertTrue(report.isClean());
        assertEquals(100, report.sent());
        assertEquals(100, report.acknowledged());
        assertEquals(100, report.found());
        assertEquals(100, report.observed());
    }

    @Test
    void shouldReportLostWhenAcknowledgedRecordIsAbsent() {
        long kept = sent(0);
        sent(1);
        ledger.observe(kept, 0, 0);
        DeliveryReport report = only(Map.of(LOST, 1));
        assertEquals(List.of("id 1, acknowledged at partition 0 offset 1"), report.examples(LOST));
        AssertionError error = assertThrows(AssertionError.class, report::assertClean);
        String text = error.getMessage();
        assertTrue(text.contains("1 lost (acknowledged, not in the log)\n      id 1, ack"), text);
        report.assertClean(LOST);
    }

    @Test
    void shouldReportEachFurtherCopyAsDuplicate() {
        long id = sent(0);
        ledger.observe(id, 0, 0);
        ledger.observe(id, 0, 1);
        ledger.observe(id, 0, 2);
        assertEquals(1, only(Map.of(DUPLICATED, 2)).found());
    }

    @Test
    void shouldAcceptAcknowledgedOffsetOfAnyCopy() {
        long id = sent(5);
        ledger.observe(id, 0, 3);
        ledger.observe(id, 0, 5);
        only(Map.of(DUPLICATED, 1));
    }

    @Test
    void shouldNotJudgeOffsetWhenCopyWasReadBeforeAcknowledgement() {
        long id = ledger.sending(null, null);
        ledger.observe(id, 0, 3);
        ledger.observe(id, 0, 5);
        ledger.acked(id, 0, 5);
        only(Map.of(DUPLICATED, 1));
    }

    @Test
    void shouldReportUnknownRecords() {
        ledger.observe(sent(0), 0, 0);
        ledger.observe(1, 0, 1);
        ledger.observe(Long.MAX_VALUE, 0, 2);
        ledger.observe(Long.MIN_VALUE, 0, 3);
        ledger.observe(record(0, 4, null));
        ledger.observe(record(0, 5, new byte[7]));
        assertEquals(6, only(Map.of(UNKNOWN, 5)).observed());
    }

    @Test
    void shouldReportWrongOffsetAndWrongPartition() {
        long wrongOffset = sent(7);
        long wrongPartition = sent(1);
        long noOffset = ledger.sending(null, null);
        ledger.acked(noOffset, new RecordMetadata(new TopicPartition("t", 0), -1, -1, -1, 0, 0));
        ledger.observe(wrongOffset, 0, 0);
        ledger.observe(wrongPartition, 1, 1);
        ledger.observe(noOffset, 0, 2);
        DeliveryReport report = only(Map.of(OFFSET_MISMATCH, 2));
        assertEquals("id 0, acknowledged at partition 0 offset 7, found at partition 0 offset 0",
                report.examples(OFFSET_MISMATCH).get(0));
    }

    @Test
    void shouldReportUndecidedWhetherPresentOrNot() {
        ledger.sending(null, null);
        ledger.observe(ledger.sending(null, null), 0, 0);
        DeliveryReport report = only(Map.of(UNDECIDED, 2));
        assertEquals(List.of("id 0, not in the log", "id 1, in the log"), report.examples(UNDECIDED));
    }

    @Test
    void shouldTellOfFailedButPresentWithoutCallingItAFault() {
        long present = ledger.sending(null, null);
        ledger.callback(present).onCompletion(null, new TimeoutException("expired"));
        long absent = ledger.sending(null, null);
        ledger.failed(absent, new TimeoutException("expired"));
        ledger.observe(present, 0, 0);
        DeliveryReport report = only(Map.of());
        assertEquals(2, report.failed());
        assertEquals(1, report.failedButPresent());
        assertEquals(Map.of("TimeoutException", 2L), report.failures());
    }

    @Test
    void shouldMissNothingOfAnAbortedTransaction() {
        ledger.aborted(sent(0));
        long failed = ledger.sending(null, null);
        ledger.aborted(failed);
        ledger.failed(failed, new TransactionAbortedException());
        ledger.observe(sent(2), 0, 2);
        DeliveryReport report = only(Map.of());
        assertEquals(2, report.aborted());
        assertEquals(2, report.acknowledged());
        assertEquals(1, report.failed());
    }

    @Test
    void shouldReportRecordOfAnAbortedTransactionThatIsRead() {
        long id = sent(7);
        ledger.aborted(id);
        ledger.observe(id, 1, 3);
        DeliveryReport report = only(Map.of(ABORTED_SEEN, 1));
        assertEquals(List.of("id 0 at partition 1 offset 3"), report.examples(ABORTED_SEEN));
        report.assertClean(ABORTED_SEEN);
        ledger.forgetObserved();
        assertEquals(1, only(Map.of()).aborted());
    }

    @Test
    void shouldStillWantADecisionOnARecordOfAnAbortedTransaction() {
        ledger.aborted(ledger.sending(null, null));
        only(Map.of(UNDECIDED, 1));
    }

    @Test
    void shouldReportSecondDecision() {
        long ackedTwice = sent(0);
        ledger.acked(ackedTwice, 0, 9);
        long failedThenAcked = ledger.sending(null, null);
        ledger.failed(failedThenAcked, new TimeoutException("expired"));
        ledger.acked(failedThenAcked, 0, 1);
        ledger.observe(ackedTwice, 0, 0);
        ledger.observe(failedThenAcked, 0, 1);
        only(Map.of(DECIDED_TWICE, 2));
    }

    @Test
    void shouldReportChangedPadding() {
        long id = sent(0);
        byte[] value = ledger.value(id, 300);
        assertEquals(id, DeliveryLedger.idOf(value));
        ledger.observe(record(0, 0, value));
        only(Map.of());
        ledger.forgetObserved();
        value[299]++;
        ledger.observe(record(0, 0, value));
        only(Map.of(CORRUPT, 1));
    }

    @Test
    void shouldNotJudgePaddingOfTheTestsOwnValues() {
        byte[] own = new byte[50];
        ledger.observe(record(0, 0, own)); // begins with the bytes of id 0, not sent yet
        ledger.forgetObserved();
        sent(0);
        ledger.observe(record(0, 0, own));
        only(Map.of());
    }

    @Test
    void shouldTakeIdFromHeaderFirst() {
        sent(0);
        long id = sent(1);
        ConsumerRecord<byte[], byte[]> record = record(0, 1, new byte[20]);
        record.headers().add(DeliveryLedger.ID_HEADER, DeliveryLedger.idBytes(id));
        ledger.observe(record(0, 0, new byte[20]));
        ledger.observe(record);
        only(Map.of());
    }

    @Test
    void shouldForgetEverythingReadAndNothingSent() {
        long first = sent(0);
        long second = sent(1);
        ledger.observe(second, 0, 1);
        ledger.observe(first, 0, 0);
        ledger.observe(99, 0, 2);
        only(Map.of(OUT_OF_ORDER_IN_PARTITION, 1, UNKNOWN, 1));
        ledger.forgetObserved();
        assertEquals(0, only(Map.of(LOST, 2)).observed());
        ledger.observe(first, 0, 0);
        ledger.observe(second, 0, 1);
        only(Map.of());
    }

    @Test
    void shouldRefuseIdsItNeverGaveOut() {
        sent(0);
        assertThrows(IllegalArgumentException.class, () -> ledger.acked(1, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> ledger.aborted(1));
        assertThrows(IllegalArgumentException.class, () -> ledger.failed(-1, new TimeoutException()));
        assertThrows(IllegalArgumentException.class, () -> ledger.acked(1L << 40, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> ledger.value(0, 7));
    }

    @Test
    void shouldKeepOnlyAFewExamples() {
        for (int i = 0; i < 1000; i++) {
            sent(i);
        }
        DeliveryReport report = ledger.report();
        assertEquals(1000, report.count(LOST));
        assertEquals(10, report.examples(LOST).size());
        assertTrue(report.toString().endsWith("..."), report.toString());
    }
}
