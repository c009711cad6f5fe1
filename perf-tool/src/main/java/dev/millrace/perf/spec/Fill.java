package dev.millrace.perf.spec;

import java.util.Optional;

/**
 * What there is to handle: what an empty topic is filled with.
 *
 * @param numRecords records of the measured phase
 * @param warmupRecords records handled before it, which no figure counts
 * @param recordSize bytes of a value
 * @param keyCardinality number of different keys; 0 sends no keys
 * @param hotKeyShare of the records that have one and the same key, beside the others; 0 for none
 * @param producer settings of the producer that fills
 * @param dense whether a topic that is not empty was filled by this tool, and holds nothing else
 * @param seed of values and of the choice of keys: the same seed fills with the same records
 */
public record Fill(
        long numRecords,
        long warmupRecords,
        int recordSize,
        int keyCardinality,
        double hotKeyShare,
        ClientSettings producer,
        boolean dense,
        long seed) {

    public long records() {
        return numRecords + warmupRecords;
    }

    /** The load of the producer that fills: as fast as it takes them. */
    public Load load() {
        return new Load(records(), 0, recordSize, Optional.empty(), "\n", -1, 1, keyCardinality, seed);
    }
}
