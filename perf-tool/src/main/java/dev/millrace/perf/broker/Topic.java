package dev.millrace.perf.broker;

/**
 * The topic of a run as it is.
 *
 * @param replicationFactor of its first partition; 0 when not known
 * @param madeForRun whether nobody but this run knows its name
 */
public record Topic(String name, int partitions, int replicationFactor, boolean madeForRun) {
}
