package dev.millrace.codec;

import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Supplier;

/**
 * A bounded, lock-free store of idle contexts. At most {@code slots} contexts are kept; any more that are handed back
 * are closed. Nothing hangs on threads, so a thousand threads that compress now and then leave no thousand contexts
 * behind, as thread locals would.
 *
 * <p>Concurrency: a slot holds an idle context or null. Whoever swaps a context out of a slot (getAndSet to null) is
 * the only one to have it, since the swap is atomic and a context lies in one slot at most; whoever puts one back does
 * so by compareAndSet from null, so none is overwritten and lost. Both have volatile semantics: what the last user
 * wrote into the context happens before what the next one reads. Every search visits each slot once at most, so neither
 * operation waits for another thread. A search that misses a context put back behind it makes one more, and the bound
 * on what is kept still holds.
 */
final class ContextPool<C extends AutoCloseable> {
    private final AtomicReferenceArray<C> slots;
    private final Supplier<? extends C> factory;

    /**
     * @param slots how many idle contexts are kept at most
     * @param factory makes a context when none is idle; called on the thread that asks
     */
    ContextPool(int slots, Supplier<? extends C> factory) {
        this.slots = new AtomicReferenceArray<>(slots);
        this.factory = factory;
    }

    /** An idle context, else a new one. It belongs to the caller until {@link #release}. */
    C acquire() {
        int slot = firstSlot();
        for (int left = slots.length(); left > 0; left--) {
            if (slots.getOpaque(slot) != null) {
                C context = slots.getAndSet(slot, null);
                if (context != null) {
                    return context;
                }
            }
            slot = after(slot);
        }
        return factory.get();
    }

    /** Hands a context back. The caller must not touch it any more. */
    void release(C context) {
        int slot = firstSlot();
        for (int left = slots.length(); left > 0; left--) {
            if (slots.getOpaque(slot) == null && slots.compareAndSet(slot, null, context)) {
                return;
            }
            slot = after(slot);
        }
        close(context);
    }

    /** A thread starts its search at the same slot every time: where it left its last context, warm in its cache. */
    private int firstSlot() {
        return (System.identityHashCode(Thread.currentThread()) & Integer.MAX_VALUE) % slots.length();
    }

    private int after(int slot) {
        return slot + 1 == slots.length() ? 0 : slot + 1;
    }

    private void close(C context) {
        try {
            context.close();
        } catch (Exception e) {
            throw new IllegalStateException("closing a " + context.getClass().getSimpleName() + " failed", e);
        }
    }

    /** How many contexts are idle, seen at slightly different moments when others use the pool. */
    int idle() {
        int idle = 0;
        for (int slot = 0; slot < slots.length(); slot++) {
            if (slots.get(slot) != null) {
                idle++;
            }
        }
        return idle;
    }
}
