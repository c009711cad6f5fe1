package dev.millrace.faults;

import java.util.Locale;

/** How long the scenarios take: short with every build, long on demand ({@code -Dmillrace.faults=long}, which the profile faults sets). */
enum Length {
    SHORT(100_000, 25_000),
    LONG(2_000_000, 40_000);

    private final int records;
    private final int recordsPerSecond;

    Length(int records, int recordsPerSecond) {
        this.records = records;
        this.recordsPerSecond = recordsPerSecond;
    }

    /** What this JVM was asked for; short if nothing. */
    static Length current() {
        return valueOf(System.getProperty("millrace.faults", "short").toUpperCase(Locale.ROOT));
    }

    /** How many records a scenario sends at least. */
    int records() {
        return records;
    }

    /** The pace of the load while faults are made: such that three brokers on two cores have time to come back. */
    int recordsPerSecond() {
        return recordsPerSecond;
    }

    int pick(int shortOne, int longOne) {
        return this == SHORT ? shortOne : longOne;
    }
}
