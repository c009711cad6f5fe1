package dev.millrace.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What became of a run's records. */
final class HandledReport {

    private static final int MOST_TROUBLES = 30;
    /** The default of millrace.consumer.max.partition.in.flight.records, one poll more, and what was done since the last commit. */
    private static final int MOST_OF_A_PARTITION = 10_000 + 2_000 + 2_000;

    final long records;
    /** Records that a handler handled, each once. */
    long handled;
    /** Handled once more. */
    long duplicates;
    long attempts;
    long failures;
    long dead;
    int hung;
    int assignments;
    int revoked;
    int lost;
    /** Partitions whose owner was killed. */
    int orphaned;
    /** Begun and not ended, for the process was killed. */
    int unfinished;
    /** Ended when the partition was given up already. */
    int overran;
    /** Begun while one of the key was in work whose owner had lost the partition, or whose drain was over. */
    int overlaps;
    long commits;
    long maps;
    int longestMap;
    /** The longest that a handler ran, of those that ended. */
    long longestNs;
    double seconds;
    private final List<String> troubles = new ArrayList<>();

    HandledReport(long records, HandledLedger ledger) {
        this.records = records;
        commits = ledger.commitsChecked();
        maps = ledger.mapsChecked();
        longestMap = ledger.longestMap();
        ledger.troubles().forEach(this::trouble);
        for (Member member : ledger.members())
            if (member.isKilled())
                orphaned += member.partitions().size();
    }

    void trouble(String what) {
        if (troubles.size() < MOST_TROUBLES)
            troubles.add(what);
    }

    String line(String scenario, long seed) {
        return String.format(Locale.ROOT, "LEDGER %s: records %,d, handled %,d, dead letters %,d, again %,d, failed attempts %,d,"
                        + " partitions assigned %d, revoked %d, lost %d, of killed members %d, overran %d, hung %d,"
                        + " longest handler %.1f s, commits checked %,d (maps %,d, longest %,d), %.1f s, seed %d%s", scenario, records, handled,
                dead, duplicates, failures, assignments, revoked, lost, orphaned, overran, hung, longestNs / 1e9, commits, maps, longestMap, seconds, seed,
                troubles.isEmpty() ? "" : "\n  " + String.join("\n  ", troubles));
    }

    /**
     * All handled and in order, none of one key at once, nothing committed too early; again only what was lost or left behind: what was in
     * flight and what was done since the last commit. (What a commit said was done is never handled again, which is among the troubles.)
     */
    HandledReport assertKept() {
        assertEquals(List.of(), troubles);
        assertTrue(commits > 0, "no commit was seen");
        if (lost == 0 && orphaned == 0 && overran == 0)
            assertEquals(0, duplicates, "handled again though nothing was lost");
        assertTrue(duplicates <= (long) MOST_OF_A_PARTITION * (lost + orphaned) + overran, duplicates + " were handled again");
        return this;
    }

    /** No handler was at work when its partition was given up, unless it was lost. */
    HandledReport assertDrained() {
        if (lost == 0)
            assertEquals(0, overran, "handlers were not waited for");
        return this;
    }
}
