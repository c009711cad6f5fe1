package dev.millrace.consumer;

/** What happens to a record whose key or value can't be deserialized. */
public enum UndecodableRecords {
    /** It goes to {@link DeadLetters} at once, with the deserializer's exception. */
    DEAD_LETTER,

    /** It is done, counted and logged. */
    SKIP,

    /** The consumer stops with the reason. */
    STOP
}
