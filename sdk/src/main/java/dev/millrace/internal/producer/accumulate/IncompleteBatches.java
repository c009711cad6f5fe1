package dev.millrace.internal.producer.accumulate;

import dev.millrace.internal.producer.batch.ProducerBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** All batches that were opened and are not done; any thread. */
final class IncompleteBatches {

    private final Set<ProducerBatch> batches = ConcurrentHashMap.newKeySet();

    void add(ProducerBatch batch) {
        batches.add(batch);
    }

    void remove(ProducerBatch batch) {
        batches.remove(batch);
    }

    boolean isEmpty() {
        return batches.isEmpty();
    }

    boolean hasUnended() {
        return batches.stream().anyMatch(batch -> !batch.hasEnded());
    }

    List<ProducerBatch> snapshot() {
        return new ArrayList<>(batches);
    }
}
