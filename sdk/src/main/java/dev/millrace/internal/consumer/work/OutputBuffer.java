package dev.millrace.internal.consumer.work;

import dev.millrace.consumer.RecordContext;
import dev.millrace.consumer.TransactionalOutput;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Keeps what one attempt sends until it is known whether it succeeds. */
final class OutputBuffer<A, B> implements TransactionalOutput<A, B> {

    private final OutputEncoder<A, B> encoder;
    private final RecordContext context;
    /** Guarded by this; null when the handler has returned. */
    private List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>(1);

    OutputBuffer(OutputEncoder<A, B> encoder, RecordContext context) {
        this.encoder = encoder;
        this.context = context;
    }

    @Override
    public void send(ProducerRecord<A, B> record) {
        ProducerRecord<byte[], byte[]> encoded = encoder.encode(record);
        synchronized (this) {
            if (records == null)
                throw new IllegalStateException("cannot send to topic " + record.topic() + " for the record of " + context
                        + ": its handler has returned, and what it sent may be committed already");
            records.add(encoded);
        }
    }

    /** What was sent; nothing more is taken from now on. */
    synchronized List<ProducerRecord<byte[], byte[]>> end() {
        List<ProducerRecord<byte[], byte[]>> all = records;
        records = null;
        return all.isEmpty() ? List.of() : all;
    }

    @Override
    public int attempt() {
        return context.attempt();
    }

    @Override
    public boolean isRevoked() {
        return context.isRevoked();
    }
}
