package dev.millrace.internal.producer.txn;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;

/** What a caller of a transactional method waits for. The sender thread ends it, once; the others wait. */
public final class TransactionResult {

    private final String operation;
    private final CountDownLatch ended = new CountDownLatch(1);
    /** Written by the sender thread before {@link #ended}, read after it. */
    private RuntimeException error;
    /** A caller has learned of the end; written by callers, read by any. */
    private volatile boolean acked;

    TransactionResult(String operation) {
        this.operation = operation;
    }

    synchronized void done() {
        ended.countDown();
    }

    synchronized void fail(RuntimeException e) {
        if (!isEnded())
            error = e;
        ended.countDown();
    }

    boolean isEnded() {
        return ended.getCount() == 0;
    }

    boolean isAcked() {
        return acked;
    }

    /**
     * Blocks until the operation has ended.
     *
     * @param reason of a time-out, for people
     * @throws TimeoutException after {@code timeoutMs}: the operation goes on, and the call may be repeated to wait on
     * @throws InterruptException when the thread is interrupted: as after a time-out
     * @throws RuntimeException what the operation failed with
     */
    public void await(long timeoutMs, String reason) {
        try {
            if (!ended.await(timeoutMs, TimeUnit.MILLISECONDS))
                throw new TimeoutException("Timeout expired after " + timeoutMs + "ms while awaiting " + operation + ". " + reason);
        } catch (InterruptedException e) {
            throw new InterruptException("Received interrupt while awaiting " + operation, e);
        }
        acked = true;
        if (error != null)
            throw error;
    }
}
