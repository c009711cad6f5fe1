package dev.millrace.perf.report;

import dev.millrace.perf.spec.TargetResult;
import java.util.ArrayList;
import java.util.List;

/** What follows from a run, of whatever kind. */
public interface RunReport {
    /** Whether it ended before its last record because somebody asked. */
    boolean stopped();

    /** What went wrong, in sentences. */
    List<String> errors();

    /** Why the figures do not mean what was asked beside too few samples for a target, in sentences. */
    List<String> reasonsNotValid();

    List<TargetResult> targetResults();

    /** Why the figures do not mean what was asked, in sentences. */
    default List<String> notValid() {
        List<String> reasons = new ArrayList<>(reasonsNotValid());
        targetResults().forEach(result -> result.tooFewSamples().ifPresent(reasons::add));
        return reasons;
    }

    /** An error outweighs a run that is not valid, and that outweighs a missed target: its figures mean nothing. */
    default int exitCode() {
        if (stopped()) {
            return ExitCode.INTERRUPTED;
        }
        if (!errors().isEmpty()) {
            return ExitCode.ERROR;
        }
        if (!notValid().isEmpty()) {
            return ExitCode.NOT_VALID;
        }
        return targetResults().stream().allMatch(TargetResult::met) ? ExitCode.OK : ExitCode.TARGET_MISSED;
    }
}
