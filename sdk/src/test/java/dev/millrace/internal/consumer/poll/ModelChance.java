package dev.millrace.internal.consumer.poll;

import java.util.Map;
import java.util.Random;

/** All that is left to chance in a run, the same for the same seed; no faults once it is healed. Counts what happened. */
final class ModelChance {

    private final Random random;
    private final Map<String, Integer> happened;
    private boolean healed;

    /** @param happened how often, by name; counted on from run to run */
    ModelChance(long seed, Map<String, Integer> happened) {
        random = new Random(seed);
        this.happened = happened;
    }

    /** One of as many, from 0 on. */
    int choose(int bound) {
        return random.nextInt(bound);
    }

    /** Now and then, but never after {@link #heal}, which does not even choose: whether something goes otherwise than it should. */
    boolean fails(int oneIn) {
        return !healed && random.nextInt(oneIn) == 0;
    }

    /** As {@link #fails(int)}, and counted. */
    boolean fails(String fault, int oneIn) {
        boolean now = fails(oneIn);
        if (now)
            count(fault);
        return now;
    }

    void count(String what) {
        happened.merge(what, 1, Integer::sum);
    }

    void heal() {
        healed = true;
    }

    boolean isHealed() {
        return healed;
    }
}
