package dev.millrace.perf.load;

import java.util.Optional;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Records without transactions. */
final class PlainSends implements SendMode, SendMode.Lane {
    private final Producer<byte[], byte[]> producer;
    private final boolean stamped;

    PlainSends(Producer<byte[], byte[]> producer) {
        this(producer, false);
    }

    /** @param stamped whether each record says when it was due */
    PlainSends(Producer<byte[], byte[]> producer, boolean stamped) {
        this.producer = producer;
        this.stamped = stamped;
    }

    @Override
    public Lane lane() {
        return this;
    }

    @Override
    public void finish() {
        producer.flush();
    }

    @Override
    public Optional<TransactionsResult> transactions() {
        return Optional.empty();
    }

    @Override
    public long enter(long nowNs) {
        return nowNs;
    }

    @Override
    public void send(ProducerRecord<byte[], byte[]> record, Ack ack) {
        if (stamped) {
            DueStamp.put(record, ack.dueNs());
        }
        producer.send(record, ack);
    }

    @Override
    public long leave(long nowNs) {
        return nowNs;
    }
}
