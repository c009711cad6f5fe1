package dev.millrace.perf.consume;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** Holds handlers back while it is closed; open at first. One thread closes and opens it, any thread passes. */
final class Gate {
    /** Null while it is open. */
    private volatile CompletableFuture<Void> opening;

    void close() {
        opening = new CompletableFuture<>();
    }

    /** Does nothing when it is open. */
    void open() {
        CompletableFuture<Void> waitedFor = opening;
        if (waitedFor != null) {
            opening = null;
            waitedFor.complete(null);
        }
    }

    /** Blocks while it is closed. */
    void pass() {
        CompletableFuture<Void> waitFor = opening;
        if (waitFor != null) {
            waitFor.join();
        }
    }

    /** Runs it now, or when the gate is opened. */
    CompletionStage<?> pass(Supplier<CompletionStage<?>> behind) {
        CompletableFuture<Void> waitFor = opening;
        return waitFor == null ? behind.get() : waitFor.thenCompose(opened -> behind.get());
    }
}
