package dev.millrace.perf.consume;

import java.util.ArrayList;
import java.util.List;

/**
 * How fast those records were handled that do not have the hot key. The hot key's partition is much longer than the others, and
 * some of the other keys are in it, spread up to its end; so beside the rate up to the very last of them there is one up to 80 %
 * of them, most of which are in other partitions. For one thread.
 */
public final class RateOfOthers {
    private static final double FIRST = 0.8;

    private final long countBefore;
    private final List<Sample> samples = new ArrayList<>();

    private record Sample(long elapsedNs, long count) {
    }

    /**
     * What came of it.
     *
     * @param records without the hot key
     * @param perSecond up to the last of them; NaN when there was none
     * @param firstPerSecond up to 80 % of them; NaN when there was none
     */
    public record Result(long records, double perSecond, double firstPerSecond) {
    }

    /** @param countBefore handled before the phase */
    RateOfOthers(long countBefore) {
        this.countBefore = countBefore;
        samples.add(new Sample(0, 0));
    }

    void sample(long elapsedNs, long count) {
        samples.add(new Sample(elapsedNs, count - countBefore));
    }

    /**
     * At the end of the phase.
     *
     * @param lastNs when the last of them was handled
     */
    Result result(long count, long lastNs) {
        long records = count - countBefore;
        if (records == 0 || lastNs <= 0) {
            return new Result(records, Double.NaN, Double.NaN);
        }
        double wanted = FIRST * records;
        samples.removeIf(sample -> sample.elapsedNs() >= lastNs || sample.count() >= records);
        samples.add(new Sample(lastNs, records));
        int i = 0;
        while (samples.get(i).count() < wanted) {
            i++;
        }
        Sample before = samples.get(i - 1);
        Sample after = samples.get(i);
        double part = (wanted - before.count()) / (after.count() - before.count());
        double reachedNs = before.elapsedNs() + part * (after.elapsedNs() - before.elapsedNs());
        return new Result(records, records * 1e9 / lastNs, wanted * 1e9 / reachedNs);
    }
}
