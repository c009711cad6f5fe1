package dev.millrace.internal.consumer.work;

import dev.millrace.consumer.AsyncRecordHandler;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Begins records whose handlers end elsewhere. The unit stays owned until its record's stage is complete; then whoever completed it owns
 * the unit for a moment and puts it back into the queue.
 */
public final class AsyncExecution<K, V> implements Execution {

    private final AsyncRecordHandler<K, V> handler;
    private final Attempts<K, V> attempts;
    private final RecordDecoder<K, V> decoder;
    private final RunQueue queue;
    private final Permits permits;

    AsyncExecution(AsyncRecordHandler<K, V> handler, Attempts<K, V> attempts, RecordDecoder<K, V> decoder, RunQueue queue,
                   Permits permits) {
        this.handler = handler;
        this.attempts = attempts;
        this.decoder = decoder;
        this.queue = queue;
        this.permits = permits;
    }

    @Override
    public boolean mayTake() {
        return permits.acquire();
    }

    @Override
    public boolean mayTakeNow() {
        return permits.tryAcquire();
    }

    @Override
    public void tookNothing() {
        permits.release();
    }

    @Override
    public void run(Unit unit) {
        // As a loop, for stages that are complete already would fill the stack.
        while (beginNext(unit) == Begun.COMPLETE) {
            // The next of the same unit, with the same permit.
        }
    }

    private enum Begun { NOTHING, COMPLETE, GOES_ON }

    private Begun beginNext(Unit unit) {
        WorkRecord record = nextOrRelease(unit);
        if (record == null) {
            permits.release();
            return Begun.NOTHING;
        }
        ConsumerRecord<K, V> decoded = attempts.begin(unit, record, decoder);
        if (decoded == null)
            return Begun.COMPLETE;
        CompletionStage<?> stage;
        try {
            stage = handler.handle(decoded, record);
            if (stage == null)
                throw new NullPointerException("the asynchronous handler returned null instead of a stage");
        } catch (Throwable e) {
            attempts.failed(unit, record, e);
            return Begun.COMPLETE;
        }
        // Whoever comes second goes on with the unit: the completion, or this thread after it has attached it.
        AtomicBoolean oneIsThrough = new AtomicBoolean();
        stage.whenComplete((ignored, failure) -> {
            if (failure == null)
                attempts.handled(unit, record);
            else
                attempts.failed(unit, record, failure);
            if (!oneIsThrough.compareAndSet(false, true))
                resume(unit);
        });
        return oneIsThrough.compareAndSet(false, true) ? Begun.GOES_ON : Begun.COMPLETE;
    }

    /** Null when the unit is no longer owned. */
    private static WorkRecord nextOrRelease(Unit unit) {
        while (true) {
            WorkRecord record = unit.next();
            if (record != null || unit.release())
                return record;
        }
    }

    /** On the completing thread, which runs no handler: it may be the user's event loop. */
    private void resume(Unit unit) {
        if (!unit.release())
            queue.add(unit);
        permits.release();
    }

    @Override
    public void close() {
        decoder.close();
    }
}
