package dev.millrace.faults;

/** The records that members handle: a key, and a value whose first byte says what happens to it. */
final class MemberRecords {

    private static final int SIZE = 40;

    /** What happens to a record. */
    enum Nature {
        /** It is handled. */
        PLAIN,
        /** It is handled after some attempts. */
        BAD_DAY,
        /** It is never handled. */
        NEVER,
        /** It takes as long as the process is told to. */
        HANGS
    }

    private static final Nature[] NATURES = Nature.values();

    private MemberRecords() {
    }

    static byte[] value(Nature nature) {
        byte[] value = new byte[SIZE];
        value[0] = (byte) nature.ordinal();
        return value;
    }

    static Nature nature(byte[] value) {
        return NATURES[value[0]];
    }
}
