package dev.millrace.internal.producer.batch;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Makes smaller batches of the records of one that the broker found too large; sender thread only. */
final class BatchSplitter {

    /** By so much can a record become longer in another batch: its timestamp's delta, and with it its length. */
    private static final int MAX_GROWTH = 2 * Long.BYTES;

    /**
     * The parts' memory is the garbage collector's: the pool has none to spare for the same records twice. Any thread.
     *
     * @param held parts that are not done yet
     * @param release run when none is left
     */
    private record PartsMemory(AtomicInteger held, Runnable release) implements Memory {
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
            if (held.decrementAndGet() == 0)
                release.run();
        }
    }

    private BatchSplitter() {
    }

    /**
     * The parts, in the order of their records, sealed and not finished.
     *
     * @param records the whole batch, its header included and its records not compressed
     * @param results those of its records in their order, which move to the parts
     * @param targetSize bytes of a part, unless one record alone is larger
     * @param release run when all parts are done, by whoever ends the last
     */
    static List<ProducerBatch> split(ProducerBatch batch, byte[] records, SendResult[] results, int targetSize, Runnable release) {
        List<ProducerBatch> parts = new ArrayList<>();
        PartsMemory memory = new PartsMemory(new AtomicInteger(), release);
        ProducerBatch part = null;
        int at = BatchHeader.SIZE;
        for (int i = 0; i < batch.recordCount(); i++) {
            int body = (int) Varint.read(records, at);
            int end = at + Varint.sizeOf(body) + body;
            int tail = tailOffset(records, at);
            if (part == null || part.size() + end - at + MAX_GROWTH > targetSize) {
                byte[] buffer = new byte[Math.max(targetSize, RecordWriter.batchSizeUpperBound(end - tail))];
                part = batch.newPart(memory, buffer, targetSize);
                memory.held.incrementAndGet();
                parts.add(part);
            }
            part.takeOver(results[i], records, tail, end - tail);
            at = end;
        }
        parts.forEach(ProducerBatch::seal);
        return parts;
    }

    private static int tailOffset(byte[] records, int recordOffset) {
        int at = recordOffset + Varint.sizeOf((int) Varint.read(records, recordOffset)) + 1;
        at += Varint.sizeOf(Varint.read(records, at));
        return at + Varint.sizeOf(Varint.read(records, at));
    }
}
