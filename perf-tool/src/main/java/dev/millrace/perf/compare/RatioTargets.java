package dev.millrace.perf.compare;

import dev.millrace.perf.spec.UsageException;
import java.util.ArrayList;
import java.util.List;

/** All conditions of a comparison. */
public final class RatioTargets {
    private final List<RatioTarget> targets;

    private RatioTargets(List<RatioTarget> targets) {
        this.targets = List.copyOf(targets);
    }

    /**
     * Reads targets.
     *
     * @param expressions each a comma-separated list of targets
     * @param figures they may be about
     * @throws UsageException naming the first expression that is none
     */
    public static RatioTargets parse(List<String> expressions, List<Figure> figures) {
        List<RatioTarget> targets = new ArrayList<>();
        for (String list : expressions) {
            for (String expression : list.split(",", -1)) {
                targets.add(RatioTarget.parse(expression.strip(), figures));
            }
        }
        return new RatioTargets(targets);
    }

    /** @throws UsageException when a target is about something that such runs do not have */
    public void check(ComparedRuns asked) {
        for (RatioTarget target : targets) {
            asked.missing(target.figure()).ifPresent(reason -> {
                throw RatioTarget.wrong(target.expression(), reason);
            });
        }
    }

    List<RatioTarget.Result> check(List<FigureResult> figures) {
        return targets.stream().map(target -> target.check(figures)).toList();
    }
}
