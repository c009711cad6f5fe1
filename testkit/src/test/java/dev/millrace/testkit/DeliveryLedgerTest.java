package dev.millrace.testkit;

import static dev.millrace.testkit.DeliveryFault.ABORTED_SEEN;
import static dev.millrace.testkit.DeliveryFault.CORRUPT;
import static dev.millrace.testkit.DeliveryFault.DECIDED_TWICE;
import static dev.millrace.testkit.DeliveryFault.DUPLICATED;
import static dev.millrace.testkit.DeliveryFault.KEY_SPLIT;
import static dev.millrace.testkit.DeliveryFault.LOST;
import static dev.millrace.testkit.DeliveryFault.MISPLACED;
import static dev.millrace.testkit.DeliveryFault.OFFSET_MISMATCH;
import static dev.millrace.testkit.DeliveryFault.OUT_OF_ORDER_IN_KEY;
import static dev.millrace.testkit.DeliveryFault.OUT_OF_ORDER_IN_PARTITION;
import static dev.millrace.testkit.DeliveryFault.UNDECIDED;
import static dev.millrace.testkit.DeliveryFault.UNKNOWN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TransactionAbortedException;
import org.junit.jupiter.api.Test;

class DeliveryLedgerTest {
    private final DeliveryLedger ledger = new DeliveryLedger();

    /** Sends without key and acknowledges at the given offset of partition 0. */
    private long sent(long offset) {
        long id = ledger.sending(null, null);
        ledger.acked(id, 0, offset);
        return id;
    }

    private DeliveryReport only(Map<DeliveryFault, Integer> faults) {
        DeliveryReport report = ledger.report();
        Map<DeliveryFault, Long> expected = new HashMap<>();
        faults.forEach((fault, count) -> expected.put(fault, (long) count));
        assertEquals(expected, report.counts(), report::toString);
        faults.forEach((fault, count) -> assertEquals((long) count, report.examples(fault).size()));
        return report;
    }

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

    /**
     * Four partitions, each with a thread that sends, one that acknowledges and one that reads, side by side; then one
     * record is lost, another repeated, and two change places.
     */
    @Test
    void shouldCountExactlyWhenManyThreadsSendAcknowledgeAndRead() throws InterruptedException {
        int partitions = 4;
        int each = 100_000;
        List<List<Long>> logs = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        ConcurrentLinkedQueue<Throwable> errors = new ConcurrentLinkedQueue<>();
        CountDownLatch start = new CountDownLatch(1);
        for (int p = 0; p < partitions; p++) {
            int partition = p;
            List<Long> log = new ArrayList<>();
            logs.add(log);
            BlockingQueue<Long> toAck = new ArrayBlockingQueue<>(1_000);
            BlockingQueue<Long> toRead = new ArrayBlockingQueue<>(1_000);
            threads.add(thread(start, () -> {
                for (int i = 0; i < each; i++) {
                    String key = i % 3 == 0 ? null : "k" + partition + "-" + i % 100;
                    long id = ledger.sending(i % 2 == 0 ? partition : null, key);
                    log.add(id);
                    toAck.put(id);
                    toRead.put(id);
                }
            }));
            threads.add(thread(start, () -> {
                for (int i = 0; i < each; i++) {
                    ledger.acked(toAck.take(), partition, i);
                }
            }));
            threads.add(thread(start, () -> {
                for (int i = 0; i < each; i++) {
                    ledger.observe(toRead.take(), partition, i);
                }
            }));
        }
        threads.forEach(thread -> {
            thread.setUncaughtExceptionHandler((t, e) -> errors.add(e));
            thread.start();
        });
        start.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(List.of(), List.copyOf(errors));
        DeliveryReport live = only(Map.of());
        assertEquals((long) partitions * each, live.sent());
        assertEquals(live.sent(), live.acknowledged());
        assertEquals(live.sent(), live.found());

        long seed = new Random().nextLong();
        System.out.println("DeliveryLedgerTest seed " + seed);
        int victim = new Random(seed).nextInt(1, each - 10);
        ledger.forgetObserved();
        AtomicLong offset = new AtomicLong();
        for (int p = 0; p < partitions; p++) {
            offset.set(0);
            List<Long> log = new ArrayList<>(logs.get(p));
            if (p == 0) {
                log.set(victim, log.get(victim - 1)); // lost, with a copy of another in its place
                Collections.swap(log, victim + 1, victim + 2);
            }
            for (long id : log) {
                ledger.observe(id, p, offset.getAndIncrement());
            }
        }
        DeliveryReport report = ledger.report();
        assertTrue(report.isClean(LOST, DUPLICATED, OUT_OF_ORDER_IN_PARTITION, OFFSET_MISMATCH), report.toString());
        assertEquals(List.of(logs.get(0).get(victim) + ""), ids(report, LOST));
        assertEquals(List.of(logs.get(0).get(victim - 1) + ""), ids(report, DUPLICATED));
        assertEquals(List.of(logs.get(0).get(victim + 1) + ""), ids(report, OUT_OF_ORDER_IN_PARTITION));
        assertEquals(List.of(logs.get(0).get(victim + 1) + "", logs.get(0).get(victim + 2) + ""),
                ids(report, OFFSET_MISMATCH));
    }

    private interface Work {
        void run() throws InterruptedException;
    }

    private static Thread thread(CountDownLatch start, Work work) {
        return new Thread(() -> {
            try {
                start.await();
                work.run();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private static List<String> ids(DeliveryReport report, DeliveryFault fault) {
        assertEquals(report.count(fault), report.examples(fault).size());
        return report.examples(fault).stream().map(text -> text.split("[ ,]")[1]).toList();
    }

    private static ConsumerRecord<byte[], byte[]> record(int partition, long offset, byte[] value) {
        return new ConsumerRecord<>("t", partition, offset, null, value);
    }
}
