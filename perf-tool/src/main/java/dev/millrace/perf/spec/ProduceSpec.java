package dev.millrace.perf.spec;

/** One run of {@code produce}, whole. */
public record ProduceSpec(Client client, ClientSettings settings, Load load, Where where, Targets targets) {
}
