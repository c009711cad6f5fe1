package dev.millrace.perf.spec;

import java.util.List;
import java.util.Locale;

/** Which records a parallel consumer handles one after the other, in their order: those of a partition, of a key, or none. */
public enum Ordering {
    PARTITION, KEY, UNORDERED;

    /** @throws UsageException when there is no such order */
    public static Ordering parse(String name) {
        for (Ordering ordering : values()) {
            if (ordering.toString().equalsIgnoreCase(name)) {
                return ordering;
            }
        }
        throw new UsageException("there is no ordering '" + name + "'; there are " + List.of(values()));
    }

    /** The name on the command line and in the JSON. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
