package dev.millrace.internal.consumer.work;

import dev.millrace.consumer.BatchHandler;
import dev.millrace.consumer.RecordOutcome;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Gathers what is ready, up to a number of records, and hands it over as one list. All units in it are this worker's meanwhile. */
public final class BatchExecution<K, V> implements Execution {

    private final BatchHandler<K, V> handler;
    private final Attempts<K, V> attempts;
    private final RecordDecoder<K, V> decoder;
    private final RunQueue queue;
    private final int batchSize;
    private final List<Unit> units = new ArrayList<>();
    private final List<Entry<K, V>> entries = new ArrayList<>();

    private record Entry<K, V>(Unit unit, WorkRecord record, ConsumerRecord<K, V> decoded) {
    }

    BatchExecution(BatchHandler<K, V> handler, Attempts<K, V> attempts, RecordDecoder<K, V> decoder, RunQueue queue, int batchSize) {
        this.handler = handler;
        this.attempts = attempts;
        this.decoder = decoder;
        this.queue = queue;
        this.batchSize = batchSize;
    }

    @Override
    public void run(Unit first) {
        Unit unit = first;
        while (unit != null) {
            units.add(unit);
            gather(unit);
            unit = entries.size() < batchSize ? queue.poll() : null;
        }
        if (!entries.isEmpty())
            end(outcomes());
        entries.clear();
        for (Unit owned : units)
            if (!owned.release())
                queue.add(owned);
        units.clear();
    }

    private void gather(Unit unit) {
        WorkRecord record;
        while (entries.size() < batchSize && (record = unit.next()) != null) {
            ConsumerRecord<K, V> decoded = attempts.begin(unit, record, decoder);
            if (decoded != null)
                entries.add(new Entry<>(unit, record, decoded));
        }
    }

    private List<RecordOutcome> outcomes() {
        List<ConsumerRecord<K, V>> records = new ArrayList<>(entries.size());
        entries.forEach(entry -> records.add(entry.decoded));
        try {
            List<RecordOutcome> outcomes = handler.handle(Collections.unmodifiableList(records));
            if (outcomes != null && outcomes.size() == records.size() && !hasNull(outcomes))
                return outcomes;
            throw new IllegalStateException("the batch handler was given " + records.size() + " records and returned "
                    + (outcomes == null ? "null" : hasNull(outcomes) ? "an outcome that is null" : outcomes.size() + " outcomes")
                    + "; it must return one for each, in their order");
        } catch (Exception e) {
            return Collections.nCopies(records.size(), RecordOutcome.failed(e));
        } catch (Error e) {
            return Collections.nCopies(records.size(), RecordOutcome.failed(new IllegalStateException("the batch handler threw " + e, e)));
        }
    }

    /** Not {@code contains(null)}: lists that take no null throw at the question. */
    private static boolean hasNull(List<RecordOutcome> outcomes) {
        for (RecordOutcome outcome : outcomes)
            if (outcome == null)
                return true;
        return false;
    }

    private void end(List<RecordOutcome> outcomes) {
        // Before keys are compared.
        entries.forEach(entry -> entry.record.takeBack());
        List<Entry<K, V>> failed = new ArrayList<>();
        for (int i = 0; i < entries.size(); i++) {
            Entry<K, V> entry = entries.get(i);
            Exception failure = outcomes.get(i).failure();
            if (failed.stream().anyMatch(earlier -> earlier.unit == entry.unit && entry.unit.mustFollow(entry.record, earlier.record))) {
                attempts.overtook(entry.unit, entry.record);
            } else if (failure == null) {
                attempts.handled(entry.unit, entry.record);
            } else {
                attempts.failed(entry.unit, entry.record, failure);
                failed.add(entry);
            }
        }
    }

    @Override
    public void close() {
        decoder.close();
    }
}
