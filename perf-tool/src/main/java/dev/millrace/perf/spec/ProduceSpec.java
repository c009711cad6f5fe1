package dev.millrace.perf.spec;

import java.util.Optional;

/**
 * One run of {@code produce}, whole.
 *
 * @param transactional empty when the records are sent without transactions
 */
public record ProduceSpec(
        Client client,
        ClientSettings settings,
        Load load,
        Optional<Transactional> transactional,
        Where where,
        Targets targets) {
}
