package dev.millrace.consumer;

/** Which records must not overtake each other, and are never handled at the same time. */
public enum ProcessingOrder {
    /** Records of one partition. As many are handled at once as there are partitions. */
    PARTITION,

    /**
     * Records of one partition with the same key, as bytes. Records without a key have no order among each other, as under
     * {@link #UNORDERED}.
     */
    KEY,

    /** None: every record may be handled at any time. */
    UNORDERED
}
