package dev.millrace.perf.broker;

/** The brokers of one run. Closing ends those that were started for it. */
public interface Brokers extends AutoCloseable {
    String bootstrapServers();

    /** What they are, for people: "1 embedded broker". */
    String description();

    /** How many there are, as far as this tool decides it; 0 when it does not know. */
    int count();

    /** Whether what they acknowledge can be found in their logs afterwards. */
    boolean storeRecords();

    @Override
    void close();
}
