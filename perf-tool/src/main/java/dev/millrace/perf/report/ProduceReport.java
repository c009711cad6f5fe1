package dev.millrace.perf.report;

import dev.millrace.perf.broker.Confirmation;
import dev.millrace.perf.broker.Topic;
import dev.millrace.perf.load.Measurement;
import dev.millrace.perf.load.TransactionsResult;
import dev.millrace.perf.spec.ProduceSpec;
import dev.millrace.perf.spec.TargetResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * All there is to tell of a run, and what follows from it.
 *
 * @param clientConfig the client's effective settings
 * @param brokers what they were, for people
 */
public record ProduceReport(
        ProduceSpec spec,
        Map<String, Object> clientConfig,
        String brokers,
        Topic topic,
        Measurement measurement,
        Confirmation confirmation,
        Environment environment) {

    public List<TargetResult> targetResults() {
        return spec.targets().check(measurement);
    }

    /** What went wrong, in sentences. */
    public List<String> errors() {
        List<String> errors = new ArrayList<>();
        if (!measurement.phase().stopped()) {
            confirmation.contradiction(measurement.errors(), topic).ifPresent(errors::add);
        }
        if (measurement.errors() > 0 && !spec.targets().judgeErrors()) {
            errors.add(measurement.phase().transactions().map(this::notCommitted)
                    .orElseGet(() -> measurement.errors() + " records failed: " + measurement.phase().errors()));
        }
        return errors;
    }

    private String notCommitted(TransactionsResult transactions) {
        return measurement.errors() + " records were not committed, and " + transactions.aborted() + " transactions aborted: "
                + transactions.abortReasons() + "; records failed: " + measurement.phase().errors();
    }

    /** Why the figures do not mean what was asked, in sentences. */
    public List<String> notValid() {
        List<String> reasons = new ArrayList<>();
        measurement.scheduleMissed().ifPresent(reasons::add);
        targetResults().forEach(result -> result.tooFewSamples().ifPresent(reasons::add));
        return reasons;
    }

    /** An error outweighs a run that is not valid, and that outweighs a missed target: its figures mean nothing. */
    public int exitCode() {
        if (measurement.phase().stopped()) {
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
