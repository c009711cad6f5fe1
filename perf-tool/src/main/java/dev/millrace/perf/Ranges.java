package dev.millrace.perf;

import dev.millrace.perf.spec.UsageException;

/** Checks numbers on the command line. */
final class Ranges {
    private Ranges() {
    }

    /** @throws UsageException when the value is not within both bounds */
    static int check(String option, int value, int least, int most) {
        return (int) check(option, (long) value, least, most);
    }

    /** @throws UsageException when the value is not within both bounds */
    static long check(String option, long value, long least, long most) {
        if (value < least || value > most) {
            throw new UsageException(option + ": " + value + " is not between " + least + " and " + most);
        }
        return value;
    }
}
