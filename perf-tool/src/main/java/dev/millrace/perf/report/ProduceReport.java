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
        Environment environment) implements RunReport {

    @Override
    public List<TargetResult> targetResults() {
        return spec.targets().check(measurement);
    }

    @Override
    public boolean stopped() {
        return measurement.phase().stopped();
    }

    @Override
    public List<String> errors() {
        List<String> errors = new ArrayList<>();
        if (!stopped()) {
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

    @Override
    public List<String> reasonsNotValid() {
        return measurement.scheduleMissed().stream().toList();
    }
}
