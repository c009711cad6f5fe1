package dev.millrace.perf.consume;

import dev.millrace.perf.load.RecordData;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * The handler of a run: does the work, notes that the record was handled, and how long it took. What it costs itself is in the
 * figures of all clients alike; hence two looks at the clock for one record in 64 only when there is no work whose time is to
 * be known.
 */
public final class CountedWork implements Work, AutoCloseable {
    private static final int SAMPLE_MASK = 63;
    private static final VarHandle LAST_OTHER;

    static {
        try {
            LAST_OTHER = MethodHandles.lookup().findVarHandle(CountedWork.class, "lastOtherNs", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Ledger ledger;
    private final SimulatedWork work;
    private final boolean hotKey;
    private final Gate gate = new Gate();
    private final SharedHistogram times = new SharedHistogram();
    private final LongAdder others = new LongAdder();
    /** Written by whoever handles a record without the hot key, the last one wins; read opaquely. */
    private long lastOtherNs;

    /** @param hotKey whether some records have the hot key, and the others are counted by themselves */
    CountedWork(Ledger ledger, SimulatedWork work, boolean hotKey) {
        this.ledger = ledger;
        this.work = work;
        this.hotKey = hotKey;
    }

    @Override
    public void handle(ConsumerRecord<?, ?> record) {
        handle(record.partition(), record.offset(), hotKey && isHot(record.key()));
    }

    void handle(int partition, long offset, boolean hot) {
        gate.pass();
        if (work.takesTime() || (offset & SAMPLE_MASK) == 0) {
            long startNs = System.nanoTime();
            done(partition, offset, hot, startNs, work.takesTime() ? work.run(startNs) : System.nanoTime());
        } else {
            count(partition, offset, hot);
        }
    }

    @Override
    public CompletionStage<?> handleAsync(ConsumerRecord<?, ?> record) {
        return gate.pass(() -> begin(record));
    }

    private CompletionStage<?> begin(ConsumerRecord<?, ?> record) {
        long startNs = System.nanoTime();
        int partition = record.partition();
        long offset = record.offset();
        boolean hot = hotKey && isHot(record.key());
        return work.runAsync(startNs, endNs -> done(partition, offset, hot, startNs, endNs));
    }

    private void done(int partition, long offset, boolean hot, long startNs, long endNs) {
        times.recordNanos(endNs - startNs);
        count(partition, offset, hot);
    }

    private void count(int partition, long offset, boolean hot) {
        if (hotKey && !hot) {
            others.increment();
            LAST_OTHER.setOpaque(this, System.nanoTime());
        }
        // Last, for the run is over when all are counted.
        ledger.handled(partition, offset);
    }

    private static boolean isHot(Object key) {
        if (key instanceof ByteBuffer buffer) {
            byte[] bytes = new byte[buffer.remaining()];
            buffer.duplicate().get(bytes);
            return RecordData.isHot(bytes);
        }
        return key instanceof byte[] bytes && RecordData.isHot(bytes);
    }

    /** Closed while records are not to be handled. */
    Gate gate() {
        return gate;
    }

    /** Records handled that do not have the hot key; all when there is none. Any thread. */
    long othersCount() {
        return hotKey ? others.sum() : ledger.handledCount();
    }

    /** When the last of them was; {@code otherwise} when there is no hot key. */
    long lastOtherNs(long otherwise) {
        return hotKey ? (long) LAST_OTHER.getOpaque(this) : otherwise;
    }

    /** One thread only: adds the times since the last call. */
    void takeTimes(Histogram sum) {
        times.takeInterval(sum);
    }

    @Override
    public void close() {
        work.close();
    }
}
