package dev.millrace.internal.consumer.poll;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Transactional members against a model of a group, on one thread: each call of the producer fails now and then, members leave, are
 * thrown out without knowing, and die. After every commit, the outputs that readers see are those of the records that the committed
 * offsets and maps say are done; in the end, all are there, once, and in the order of their keys.
 */
@Timeout(120)
class TransactionModelTest {

    private static final int SEEDS = 40;

    private final Map<String, Integer> faults = new TreeMap<>();

    @Test
    void shouldCommitWhatComesOfEachRecordOnceWhateverFails() {
        long first = Long.getLong("millrace.test.seed", 1);
        for (long seed = first; seed < first + SEEDS; seed++) {
            try {
                new TransactionModelRun(new ModelChance(seed, faults)).run();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("with seed " + seed, e);
            }
        }
        System.out.println("transaction model: " + faults);
        for (String fault : List.of("send", "refused", "offsets timed out", "offsets failed", "stale generation", "commit timed out before",
                "commit timed out behind", "commit failed", "fenced before", "fenced behind", "abort timed out before",
                "abort timed out behind", "given up", "lost", "crash", "revoked", "map"))
            assertTrue(faults.getOrDefault(fault, 0) >= 5, fault + " did not happen: " + faults);
    }
}
