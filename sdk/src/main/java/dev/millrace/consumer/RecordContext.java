package dev.millrace.consumer;

/** What the consumer knows of one attempt to handle a record; safe to ask from any thread, also after the handler returned. */
public interface RecordContext {

    /** Which attempt this is, from 1 on. */
    int attempt();

    /**
     * True when the record's partition was taken away, or is being taken away: another consumer may handle the record again,
     * so long work had better stop. What is done before the drain's deadline is still committed.
     */
    boolean isRevoked();
}
