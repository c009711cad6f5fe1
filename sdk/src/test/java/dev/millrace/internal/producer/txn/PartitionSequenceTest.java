package dev.millrace.internal.producer.txn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.internal.producer.batch.BatchLimits;
import dev.millrace.internal.producer.batch.Memory;
import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.internal.producer.batch.RecordWriter;
import dev.millrace.internal.producer.batch.SendResult;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class PartitionSequenceTest {

    private static final Memory HEAP = new Memory() {
        @Override
        public byte[] tryAllocate(int size) {
            return new byte[size];
        }

        @Override
        public byte[] shrink(byte[] buffer, int size) {
            return buffer;
        }

        @Override
        public void release(byte[] buffer) {
        }
    };

    private static ProducerBatch batch(int records) {
        ProducerBatch batch = new ProducerBatch(new TopicPartition("t", 0), 0, HEAP, new byte[1000], BatchLimits.fixed(1000, 1000), 1, 1);
        for (int i = 0; i < records; i++)
            batch.tryAppend(null, null, RecordWriter.NO_HEADERS, RecordWriter.tailSize(null, null, RecordWriter.NO_HEADERS),
                    new SendResult(null, 0, null, null));
        return batch;
    }

    @Test
    void shouldWrapAroundToZero() {
        PartitionSequence sequence = new PartitionSequence(1, (short) 0);
        ProducerBatch before = batch(1);
        sequence.assign(before);
        // As if two billion records had gone by.
        before.assignSequence(1, (short) 0, Integer.MAX_VALUE - 2);
        sequence.acked(before);
        assertTrue(sequence.follows(Integer.MAX_VALUE - 1));

        PartitionSequence wrapping = new PartitionSequence(1, (short) 0);
        ProducerBatch last = batch(3);
        wrapping.assign(last);
        last.assignSequence(1, (short) 0, Integer.MAX_VALUE - 1);
        // Its records are MAX-1, MAX and 0.
        assertEquals(0, last.lastSequence());
        wrapping.acked(last);
        assertTrue(wrapping.follows(1));
        assertFalse(wrapping.follows(0));
    }

    @Test
    void shouldCountOpenBatchesFromZeroAfterRestart() {
        PartitionSequence sequence = new PartitionSequence(1, (short) 0);
        ProducerBatch first = batch(2);
        ProducerBatch second = batch(3);
        sequence.assign(first);
        sequence.assign(second);
        sequence.remove(first);
        sequence.restart(1, (short) 1);
        assertEquals(0, second.baseSequence());
        assertEquals(1, second.producerEpoch());
        assertEquals(3, sequence.next());
    }

    @Test
    void shouldKnowWhatFollowsDoubt() {
        PartitionSequence sequence = new PartitionSequence(1, (short) 0);
        ProducerBatch lost = batch(2);
        ProducerBatch behind = batch(1);
        sequence.assign(lost);
        sequence.assign(behind);
        sequence.remove(lost);
        sequence.markUnresolved(lost);
        assertTrue(sequence.isUnresolved());
        assertTrue(sequence.isNextAfterUnresolved(behind.baseSequence()));
        // The broker took the one behind, so it had the lost one.
        sequence.acked(behind);
        assertTrue(sequence.follows(sequence.next()));
    }
}
