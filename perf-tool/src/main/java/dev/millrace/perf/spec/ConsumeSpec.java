package dev.millrace.perf.spec;

/** One run of {@code consume}, whole. */
public record ConsumeSpec(
        ConsumeClient client,
        ConsumerSettings settings,
        Handling handling,
        Fill fill,
        Where where,
        Targets targets) {

    /** @throws UsageException when it cannot be what was asked */
    public void check(String bootstrapServers) {
        handling.check(client);
        settings.check(bootstrapServers);
        fill.producer().check(bootstrapServers);
    }
}
