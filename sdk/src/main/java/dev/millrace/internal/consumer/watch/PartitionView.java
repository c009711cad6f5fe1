package dev.millrace.internal.consumer.watch;

/**
 * One partition at one moment; immutable. Offsets, lags and times are {@link #NONE} when they are not known or there are none.
 *
 * @param committed the offset the group has
 * @param committedLag records from there to the end
 * @param doneLag records up to the end that are not done
 * @param inFlight admitted and not done; what is neither running, queued nor parked is a dead letter on its way
 * @param running in a handler
 * @param queued waiting for a handler
 * @param parked waiting for a retry or a time, or behind such a one
 * @param hung in a handler for longer than the handler time-out
 * @param oldest offset of the oldest that is not done
 * @param oldestAdmittedMs when that one was admitted
 * @param stuck whether that one stands still
 * @param pausedByUser whether the user does not want it to be fetched
 * @param full whether it is not fetched because enough of it is in flight
 */
record PartitionView(long committed, long committedLag, long doneLag, int inFlight, int running, int queued, int parked, int hung,
                     long oldest, long oldestAdmittedMs, boolean stuck, boolean pausedByUser, boolean full) {

    static final long NONE = -1;

    long oldestAgeMs(long nowMs) {
        return oldest == NONE ? 0 : Math.max(0, nowMs - oldestAdmittedMs);
    }
}
