package dev.millrace.samples;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** The service that does the work, as far as a sample goes: slow, at times busy, and it does not take everything. Thread-safe. */
final class Warehouse {
    private static final long WORK_MS = 20;
    private static final int BUSY_EVERY = 10;

    private final Set<Long> turnedAway = ConcurrentHashMap.newKeySet();

    /** Try again later. */
    static final class BusyException extends Exception {
        private static final long serialVersionUID = 1L;

        BusyException() {
            super("the warehouse is busy");
        }
    }

    /**
     * Blocks until the order is on its way.
     *
     * @throws BusyException for some orders, the first time
     * @throws IllegalArgumentException for an order that is wrong, and stays wrong
     */
    void deliver(Order order) throws BusyException, InterruptedException {
        if (order.quantity() < 1)
            throw new IllegalArgumentException("a quantity of " + order.quantity() + " can't be delivered");
        TimeUnit.MILLISECONDS.sleep(WORK_MS);
        if (order.id() % BUSY_EVERY == 0 && turnedAway.add(order.id()))
            throw new BusyException();
    }
}
