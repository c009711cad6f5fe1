package dev.millrace.testkit;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A stream of sends whose order is defined: those of one thread, or those the test numbered alike. Between two lanes
 * no order is promised, so none is checked.
 */
final class Lane {
    final HighestIds highest = new HighestIds();
    private final Slot withoutKey = new Slot(this, null);
    private final Map<Object, Slot> slots = new ConcurrentHashMap<>();

    Slot slot(Object key) {
        return key == null ? withoutKey : slots.computeIfAbsent(key, k -> new Slot(this, k));
    }

    /** Forgets what was read. Observer's lock. */
    void forget() {
        highest.clear();
        withoutKey.highest.clear();
        slots.values().forEach(slot -> slot.highest.clear());
    }

    /** The records of one key in one lane. */
    static final class Slot {
        final Lane lane;
        final Object key;
        final HighestIds highest = new HighestIds();

        Slot(Lane lane, Object key) {
            this.lane = lane;
            this.key = key;
        }
    }

    /** The highest id read so far, per partition. Mostly one partition: only more cost a map. Observer's lock. */
    static final class HighestIds {
        private int partition = -1;
        private long id = -1;
        private Map<Integer, Long> others = Map.of();

        /** Raises the partition's highest id to this one; returns what is higher already, or -1. */
        long raise(int inPartition, long newId) {
            if (partition == -1) {
                partition = inPartition;
            }
            if (partition != inPartition) {
                return raiseOther(inPartition, newId);
            }
            if (id > newId) {
                return id;
            }
            id = newId;
            return -1;
        }

        private long raiseOther(int inPartition, long newId) {
            if (others.isEmpty()) {
                others = new HashMap<>();
            }
            long highest = others.merge(inPartition, newId, Math::max);
            return highest > newId ? highest : -1;
        }

        void clear() {
            partition = -1;
            id = -1;
            others = Map.of();
        }
    }
}
