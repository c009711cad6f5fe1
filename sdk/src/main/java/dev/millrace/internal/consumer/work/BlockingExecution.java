package dev.millrace.internal.consumer.work;

import dev.millrace.consumer.RecordHandler;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Handles one record after the other on the worker's thread. */
public final class BlockingExecution<K, V> implements Execution {

    /** Records of one lane in a row, before others have their turn. */
    private static final int SLICE = 64;

    private final RecordHandler.WithContext<K, V> handler;
    private final Attempts<K, V> attempts;
    private final RecordDecoder<K, V> decoder;
    private final RunQueue queue;

    BlockingExecution(RecordHandler.WithContext<K, V> handler, Attempts<K, V> attempts, RecordDecoder<K, V> decoder, RunQueue queue) {
        this.handler = handler;
        this.attempts = attempts;
        this.decoder = decoder;
        this.queue = queue;
    }

    @Override
    public void run(Unit unit) {
        int left = SLICE;
        do {
            WorkRecord record;
            while ((record = unit.next()) != null) {
                handle(unit, record);
                if (--left == 0) {
                    // A record that is a unit of its own is not here: it has no second one.
                    queue.add(unit);
                    return;
                }
            }
        } while (!unit.release());
    }

    private void handle(Unit unit, WorkRecord record) {
        ConsumerRecord<K, V> decoded = attempts.begin(unit, record, decoder);
        if (decoded == null)
            return;
        Throwable failure = null;
        try {
            handler.handle(decoded, record);
        } catch (Throwable e) {
            // Errors too: the record was not handled, and a policy says what that means; a dead worker would say nothing.
            failure = e;
        }
        if (failure == null)
            attempts.handled(unit, record);
        else
            attempts.failed(unit, record, failure);
    }

    @Override
    public void close() {
        decoder.close();
    }
}
