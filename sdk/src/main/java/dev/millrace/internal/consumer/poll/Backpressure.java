package dev.millrace.internal.consumer.poll;

import dev.millrace.internal.consumer.config.ConsumerSettings.Budget;

/**
 * Which partitions have enough on their way. Pure.
 *
 * <p>A partition is full when its own budget is used up, or when the budget of all is and it has its share of that. So a partition that
 * stands still takes no more than its share from the others, and never are all paused while one has less than that. A full
 * one is fetched again when it is down to half.
 */
final class Backpressure {

    private final Budget budget;

    Backpressure(Budget budget) {
        this.budget = budget;
    }

    /** What is on its way: of one partition, or of all. */
    record Load(int records, long bytes, int waiting) {
    }

    /**
     * @param wasFull whether the partition is paused
     * @param all of all partitions together
     * @param partitions how many there are, 1 or more
     */
    boolean isFull(boolean wasFull, Load one, Load all, int partitions) {
        int divisor = wasFull ? 2 : 1;
        int uncounted = Math.min(all.waiting, budget.parkedRecords());
        // Parked records do not count up to their own budget; whose they are is told in proportion.
        int records = one.records - (all.waiting == 0 ? 0 : (int) ((long) uncounted * one.waiting / all.waiting));
        if (records >= Math.max(1, budget.partitionRecords() / divisor) || one.bytes >= Math.max(1, budget.partitionBytes() / divisor))
            return true;
        if (all.records - uncounted >= budget.records() && records >= share(budget.records(), partitions) / divisor)
            return true;
        return all.bytes >= budget.bytes() && one.bytes >= Math.max(1, budget.bytes() / partitions) / divisor;
    }

    private static int share(int records, int partitions) {
        return Math.max(1, records / partitions);
    }
}
