package dev.millrace.internal.producer.txn;

import java.util.function.Supplier;

/**
 * The state change that a caller asked for last. One whose call timed out is continued when the call is repeated; until then
 * nothing else may be begun.
 *
 * <p>Lock: the manager's, but for {@link #throwIfPending}.
 */
final class PendingOperation {

    private record Begun(TransactionState target, String operation, TransactionResult result) {
        boolean isPending() {
            return !result.isAcked();
        }
    }

    /** Written under the manager's lock; read by any. */
    private volatile Begun last;

    /**
     * @param start begins the operation, or throws; not asked when the operation goes on already
     * @throws IllegalStateException while another is not known to have ended
     */
    TransactionResult begin(TransactionState target, String operation, Supplier<TransactionResult> start) {
        if (last != null && last.isPending() && last.target == target)
            return last.result;
        throwIfPending(operation);
        last = new Begun(target, operation, start.get());
        return last.result;
    }

    /**
     * Any thread.
     *
     * @throws IllegalStateException while a caller has not been told the end of what it began
     */
    void throwIfPending(String operation) {
        Begun before = last;
        if (before != null && before.isPending())
            throw new IllegalStateException("Cannot attempt operation `" + operation + "` because the previous call to `"
                    + before.operation + "` timed out and must be retried");
    }

    void fail(RuntimeException error) {
        if (last != null)
            last.result.fail(error);
    }
}
