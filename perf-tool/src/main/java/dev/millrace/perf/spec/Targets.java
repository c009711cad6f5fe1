package dev.millrace.perf.spec;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** All conditions of a run. */
public final class Targets {
    private final List<Target> targets;

    private Targets(List<Target> targets) {
        this.targets = List.copyOf(targets);
    }

    /**
     * Reads targets of {@code produce}.
     *
     * @param expressions each a comma-separated list of targets
     * @throws UsageException naming the first expression that is none
     */
    public static Targets parse(List<String> expressions) {
        return parse(expressions, Set.of("mb"));
    }

    /** The same, of {@code consume}. */
    public static Targets ofConsume(List<String> expressions) {
        return parse(expressions, Set.of("share"));
    }

    /** The same, of {@code e2e}. */
    public static Targets ofEndToEnd(List<String> expressions) {
        return parse(expressions, Set.of());
    }

    private static Targets parse(List<String> expressions, Set<String> more) {
        List<Target> targets = new ArrayList<>();
        for (String list : expressions) {
            for (String expression : list.split(",", -1)) {
                if (expression.isBlank()) {
                    throw new UsageException("--target '" + list + "': there is an empty expression between the commas");
                }
                targets.add(Target.parse(expression.strip(), more));
            }
        }
        return new Targets(targets);
    }

    public List<TargetResult> check(Measured measured) {
        return targets.stream().map(target -> target.check(measured)).toList();
    }

    /** Whether the user says how many errors are too many. */
    public boolean judgeErrors() {
        return targets.stream().anyMatch(Target::isAboutErrors);
    }
}
