package dev.millrace.perf.spec;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What is sent.
 *
 * @param numRecords records of the measured phase, over all threads
 * @param warmupRecords records sent before it, which no figure counts
 * @param recordSize bytes of a generated value
 * @param payloadFile values to send instead of generated ones
 * @param payloadDelimiter what separates the values in {@code payloadFile}
 * @param throughput records a second over all threads; below zero as fast as the client takes them
 * @param threads calling threads, which share one producer
 * @param keyCardinality number of different keys; 0 sends no keys
 * @param seed of generated values and of the choice of keys: the same seed sends the same records
 */
public record Load(
        long numRecords,
        long warmupRecords,
        int recordSize,
        Optional<Path> payloadFile,
        String payloadDelimiter,
        double throughput,
        int threads,
        int keyCardinality,
        long seed) {

    /** Whether records go out by a schedule (open loop) and not as fast as the client takes them (closed loop). */
    public boolean isPaced() {
        return throughput > 0;
    }
}
