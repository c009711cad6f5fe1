package dev.millrace.perf.spec;

import java.util.Optional;

/**
 * One run of {@code e2e}, whole.
 *
 * @param producer who sends
 * @param load what is sent, by a schedule
 */
public record EndToEndSpec(
        Client producer,
        ClientSettings producerSettings,
        Load load,
        ConsumeClient client,
        ConsumerSettings settings,
        Handling handling,
        Where where,
        Targets targets) {

    /** @throws UsageException when it cannot be what was asked */
    public void check(String bootstrapServers) {
        if (!client.reads()) {
            throw new UsageException("--client " + client + " reads nothing; there are millrace and kafka");
        }
        if (producerSettings.transactionalId().isPresent()) {
            throw new UsageException("transactional.id: e2e sends without transactions; leave it out");
        }
        handling.check(client);
        settings.check(bootstrapServers);
        producerSettings.check(bootstrapServers);
    }

    /** The sending side. */
    public ProduceSpec sending() {
        return new ProduceSpec(producer, producerSettings, load, Optional.empty(), where, targets);
    }
}
