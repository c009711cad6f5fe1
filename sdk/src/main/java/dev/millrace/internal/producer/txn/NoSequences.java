package dev.millrace.internal.producer.txn;

import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.internal.producer.net.BrokerClient.ProducerIdResult;
import dev.millrace.internal.producer.net.PartitionResult;
import java.util.List;
import org.apache.kafka.common.errors.RetriableException;

/** {@code enable.idempotence=false}: batches have no sequences, and a retry may write records twice. */
public final class NoSequences implements Sequences {

    @Override
    public boolean maySend(ProducerBatch head) {
        return true;
    }

    @Override
    public void assign(ProducerBatch batch) {
    }

    @Override
    public boolean canRetry(ProducerBatch batch, PartitionResult result) {
        return result.error().exception() instanceof RetriableException;
    }

    @Override
    public void acked(ProducerBatch batch) {
    }

    @Override
    public void failed(ProducerBatch batch, RuntimeException error, boolean appendedNowhere) {
    }

    @Override
    public void abandoned(ProducerBatch batch, RuntimeException reason) {
    }

    @Override
    public void split(ProducerBatch batch, List<ProducerBatch> parts) {
    }

    @Override
    public boolean settle() {
        return false;
    }

    @Override
    public boolean wantsProducerId() {
        return false;
    }

    @Override
    public void producerIdRequested() {
        throw new IllegalStateException("A producer that is not idempotent needs no producer id");
    }

    @Override
    public RuntimeException producerIdReceived(ProducerIdResult result) {
        throw new IllegalStateException("A producer that is not idempotent asked for no producer id");
    }

    @Override
    public RuntimeException fatalError() {
        return null;
    }

    @Override
    public void throwIfFatal() {
    }

    @Override
    public void recordRefused(RuntimeException error) {
    }
}
