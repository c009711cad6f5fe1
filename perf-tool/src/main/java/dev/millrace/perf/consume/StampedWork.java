package dev.millrace.perf.consume;

import dev.millrace.perf.load.DueStamp;
import java.util.concurrent.CompletionStage;
import org.HdrHistogram.Histogram;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** The handler of an end-to-end run: does the work, and notes how long ago the record was due. Any number of threads. */
final class StampedWork implements Work, AutoCloseable {
    private final Ledger ledger;
    private final SimulatedWork work;
    private final SharedHistogram untilHandled = new SharedHistogram();
    private final SharedHistogram untilHandler = new SharedHistogram();
    /** Records due before are of the warm-up. Written by the run's thread. */
    private volatile long fromNs = Long.MAX_VALUE;

    StampedWork(Ledger ledger, SimulatedWork work) {
        this.ledger = ledger;
        this.work = work;
    }

    /** Times of records that are due from now on count. */
    void measureFrom(long nowNs) {
        fromNs = nowNs;
    }

    @Override
    public void handle(ConsumerRecord<?, ?> record) {
        long startNs = System.nanoTime();
        done(record.partition(), record.offset(), DueStamp.of(record), startNs, work.run(startNs));
    }

    @Override
    public CompletionStage<?> handleAsync(ConsumerRecord<?, ?> record) {
        long startNs = System.nanoTime();
        int partition = record.partition();
        long offset = record.offset();
        long dueNs = DueStamp.of(record);
        return work.runAsync(startNs, endNs -> done(partition, offset, dueNs, startNs, endNs));
    }

    private void done(int partition, long offset, long dueNs, long startNs, long endNs) {
        long from = fromNs;
        if (dueNs != Long.MIN_VALUE && from != Long.MAX_VALUE && dueNs - from >= 0) {
            untilHandler.recordNanos(startNs - dueNs);
            untilHandled.recordNanos(endNs - dueNs);
        }
        ledger.handled(partition, offset);
    }

    /** One thread only: adds the times since the last call. */
    void takeTimes(Histogram handled, Histogram called) {
        untilHandled.takeInterval(handled);
        untilHandler.takeInterval(called);
    }

    @Override
    public void close() {
        work.close();
    }
}
