package dev.millrace.internal.producer.send;

import dev.millrace.internal.producer.accumulate.RecordAccumulator;
import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.internal.producer.net.CoordinatorClient;
import dev.millrace.internal.producer.net.CoordinatorType;
import dev.millrace.internal.producer.txn.TransactionCall;
import dev.millrace.internal.producer.txn.TransactionManager;
import org.apache.kafka.common.errors.AuthenticationException;

/** Carries a {@link TransactionManager}'s requests to the coordinators, one at a time. Sender thread only. */
public final class TransactionSender implements TransactionWork {

    private final TransactionManager manager;
    private final CoordinatorClient coordinators;
    private final RecordAccumulator accumulator;
    private final long retryBackoffMs;
    /** The number of the last transaction that is known to have got its last record. */
    private long appendsEnded;
    private long answersSeen;

    public TransactionSender(TransactionManager manager, CoordinatorClient coordinators, RecordAccumulator accumulator,
                             long retryBackoffMs) {
        this.manager = manager;
        this.coordinators = coordinators;
        this.accumulator = accumulator;
        this.retryBackoffMs = retryBackoffMs;
    }

    @Override
    public boolean usesV1() {
        return !manager.isTransactionV2();
    }

    @Override
    public boolean takeChanged() {
        long answers = manager.answers();
        boolean changed = answers != answersSeen;
        answersSeen = answers;
        return changed;
    }

    @Override
    public long advance(long nowMs) {
        RuntimeException reason = manager.abortReason();
        if (reason != null)
            abortUnsent(reason);
        long ending = manager.ending();
        accumulator.completing(ending != 0);
        if (ending != 0 && ending != appendsEnded) {
            // A record that was let in a moment before the transaction began to end is a part of it, and must be seen here.
            accumulator.awaitAppends();
            appendsEnded = ending;
        }
        try {
            return send(nowMs);
        } catch (AuthenticationException e) {
            manager.authenticationFailed(e);
            return nowMs;
        }
    }

    private void abortUnsent(RuntimeException reason) {
        for (ProducerBatch batch : accumulator.takeUnsent()) {
            batch.fail(reason, null);
            accumulator.ended(batch);
        }
    }

    /** Sends what waits, if it can go; returns when to look again, ms. */
    private long send(long nowMs) {
        TransactionCall call;
        while ((call = manager.next(appendsEnded, accumulator.hasIncomplete())) != null) {
            if (call.notBeforeMs() > nowMs)
                return call.notBeforeMs();
            switch (coordinators.readiness(call.coordinator(), nowMs)) {
                case READY -> {
                    if (call.coordinator() == CoordinatorType.TRANSACTION)
                        manager.coordinatorReady();
                    // Before it is sent: a request that can't be written is answered within.
                    manager.sent(call);
                    try {
                        coordinators.send(call.request(), call.coordinator(), call, nowMs);
                        return Long.MAX_VALUE;
                    } catch (RuntimeException e) {
                        call.onUnsent(e);
                        return nowMs;
                    }
                }
                case CONNECTING -> {
                    // The network tells when it is connected, yet not when there was nothing that it could connect to.
                    return nowMs + Math.max(1, retryBackoffMs);
                }
                case UNKNOWN_COORDINATOR -> manager.lookUp(call);
                case FAILED -> {
                    manager.lookUp(call);
                    manager.backOff(call);
                }
            }
        }
        return Long.MAX_VALUE;
    }

    @Override
    public boolean isUnfinished() {
        return manager.hasCalls() && manager.hasOngoingTransaction();
    }

    @Override
    public boolean isOngoing() {
        return manager.hasOngoingTransaction();
    }

    @Override
    public void abort() {
        if (manager.ending() == 0)
            manager.beginAbort();
    }

    @Override
    public void close() {
        manager.close();
    }
}
