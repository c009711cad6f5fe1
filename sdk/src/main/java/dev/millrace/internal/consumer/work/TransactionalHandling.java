package dev.millrace.internal.consumer.work;

import dev.millrace.consumer.RecordContext;
import dev.millrace.consumer.RecordHandler;
import dev.millrace.consumer.TransactionalHandler;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** A transactional handler as one of the usual kind: what it sent is left with its record, and thrown away when it fails. */
public final class TransactionalHandling<K, V, A, B> implements RecordHandler.WithContext<K, V> {

    private final TransactionalHandler<K, V, A, B> handler;
    private final OutputEncoder<A, B> encoder;
    private final RefusedOutputs refused;

    public TransactionalHandling(TransactionalHandler<K, V, A, B> handler, OutputEncoder<A, B> encoder, RefusedOutputs refused) {
        this.handler = handler;
        this.encoder = encoder;
        this.refused = refused;
    }

    /** @param context the record's own, which is a {@link WorkRecord} */
    @Override
    public void handle(ConsumerRecord<K, V> record, RecordContext context) throws Exception {
        WorkRecord own = (WorkRecord) context;
        refused.throwIfRefused(own);
        OutputBuffer<A, B> output = new OutputBuffer<>(encoder, own);
        try {
            handler.handle(record, output);
        } catch (Throwable e) {
            output.end();
            throw e;
        }
        own.outputs(output.end());
    }
}
