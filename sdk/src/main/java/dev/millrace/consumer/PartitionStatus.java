package dev.millrace.consumer;

import java.time.Duration;
import java.util.OptionalLong;

/**
 * What a consumer had to do with one of its partitions when the poll thread looked last, at most about 100 ms ago; immutable.
 *
 * <p>Lags go up to the end of what {@code isolation.level} lets read: with {@code read_committed} the last stable offset. The end is as
 * of the last answer to a fetch; a partition that is paused or full, and so not fetched, is asked for its end once a second. Like Kafka's
 * they are differences of offsets, so that the markers of transactions and what compaction removed count until the consumer has passed
 * them, and no longer.
 *
 * @param committedOffset what the group has committed; empty when nothing, or when it is not known
 * @param committedLag from there to the end; from where this consumer began when nothing was committed. Empty while the end is not
 *        known
 * @param doneLag records up to the end that are not done, fetched or not. Empty while the end is not known
 * @param inFlight records that were fetched and are not done: running, queued, parked, or with their dead letter on its way
 * @param running records in a handler
 * @param queued records that wait for a handler
 * @param parked records that wait for a retry or for their time, or behind such a one
 * @param oldestOffset of the oldest record in flight; empty when there is none
 * @param oldestAge time since that one was fetched and admitted, whatever its timestamp says; zero when there is none
 * @param stuck whether that one stands still: for {@code millrace.consumer.handler.timeout.ms} it has neither finished, nor begun
 *        another attempt, nor waited for a retry, for its time or for the dead letters, while it was the oldest. Never when that
 *        time-out is off
 * @param paused whether it is not fetched by the user's wish
 * @param full whether it is not fetched because the budget of records or bytes in flight is used up
 */
public record PartitionStatus(OptionalLong committedOffset, OptionalLong committedLag, OptionalLong doneLag, int inFlight, int running,
                              int queued, int parked, OptionalLong oldestOffset, Duration oldestAge, boolean stuck, boolean paused,
                              boolean full) {
}
