package dev.millrace.internal.producer.send;

/** What the sender thread does for transactions, beside sending batches. Sender thread only. */
public interface TransactionWork {

    /** Of a producer without transactions. */
    TransactionWork NONE = new TransactionWork() {
        @Override
        public long advance(long nowMs) {
            return Long.MAX_VALUE;
        }

        @Override
        public boolean takeChanged() {
            return false;
        }

        @Override
        public boolean usesV1() {
            return false;
        }

        @Override
        public boolean isUnfinished() {
            return false;
        }

        @Override
        public boolean isOngoing() {
            return false;
        }

        @Override
        public void abort() {
        }

        @Override
        public void close() {
        }
    };

    /** Sends the request that is due, and fails what must not be sent any more; returns when to look again, ms. */
    long advance(long nowMs);

    /** True once after answers that may let batches go which were held. */
    boolean takeChanged();

    /** Batches are written in the protocol before KIP-890. */
    boolean usesV1();

    /** Requests of a transaction have to go, or to be answered. */
    boolean isUnfinished();

    /** A transaction has begun and has not ended. */
    boolean isOngoing();

    /** Begins to abort the transaction, unless it ends already. */
    void abort();

    /** Fails all that callers wait for. */
    void close();
}
