package dev.millrace.testkit;

/** What a {@link DeliveryLedger} can find wrong with a topic's log. */
public enum DeliveryFault {
    /** Acknowledged, its transaction (if any) not aborted, but not in the log. */
    LOST("lost (acknowledged, not in the log)"),
    /**
     * Of an aborted transaction, and read all the same. A {@code read_committed} reader must not see it; a {@code read_uncommitted}
     * one does, so a test that verifies with such a reader allows this.
     */
    ABORTED_SEEN("of an aborted transaction, and read all the same"),
    /** In the log more than once; each further copy counts. */
    DUPLICATED("duplicated"),
    /** In its partition behind a record that the same lane sent later. */
    OUT_OF_ORDER_IN_PARTITION("out of order in the partition"),
    /** In its partition behind a record of the same key that the same lane sent later. */
    OUT_OF_ORDER_IN_KEY("out of order in the key"),
    /** In the log, but its bytes carry no id this ledger has given out. */
    UNKNOWN("unknown (in the log, never sent)"),
    /** The acknowledgement named a partition or an offset at which the record is not. */
    OFFSET_MISMATCH("acknowledged with a wrong partition or offset"),
    /** Neither acknowledged nor failed. */
    UNDECIDED("undecided (neither acknowledged nor failed)"),
    /** Acknowledged or failed again after it already was either. */
    DECIDED_TWICE("decided twice"),
    /** Sent to one partition by the test's choice, found in another. */
    MISPLACED("in another partition than asked"),
    /** Of one key, sent with no partition chosen, and not in the partition of the key's first record. */
    KEY_SPLIT("of a key that is in several partitions"),
    /** The value's padding is not what {@link DeliveryLedger#value} made. */
    CORRUPT("corrupt (padding changed)");

    private final String text;

    DeliveryFault(String text) {
        this.text = text;
    }

    /** The fault in words, as the report prints it behind the number of records. */
    public String text() {
        return text;
    }
}
