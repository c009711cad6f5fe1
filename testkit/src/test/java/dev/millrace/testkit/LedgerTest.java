package dev.millrace.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** A ledger for each test. */
abstract class LedgerTest {
    final DeliveryLedger ledger = new DeliveryLedger();

    /** Sends without key and acknowledges at the given offset of partition 0. */
    long sent(long offset) {
        long id = ledger.sending(null, null);
        ledger.acked(id, 0, offset);
        return id;
    }

    DeliveryReport only(Map<DeliveryFault, Integer> faults) {
        DeliveryReport report = ledger.report();
        Map<DeliveryFault, Long> expected = new HashMap<>();
        faults.forEach((fault, count) -> expected.put(fault, (long) count));
        assertEquals(expected, report.counts(), report::toString);
        faults.forEach((fault, count) -> assertEquals((long) count, report.examples(fault).size()));
        return report;
    }

    static ConsumerRecord<byte[], byte[]> record(int partition, long offset, byte[] value) {
        return new ConsumerRecord<>("t", partition, offset, null, value);
    }
}
