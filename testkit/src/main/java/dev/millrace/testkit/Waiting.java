package dev.millrace.testkit;

import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.TimeoutException;

/** Waits for a cluster, at most 60 s. Stateless. */
final class Waiting {
    /** How long an admin client may take for one attempt, in ms. */
    static final int ATTEMPT_MS = 5_000;

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final long POLL_MS = 20;

    private Waiting() {
    }

    /** Blocks until the condition holds; it is asked every 20 ms. */
    static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new KafkaException("waited " + PATIENCE.toSeconds() + " s in vain: " + what);
            }
            try {
                TimeUnit.MILLISECONDS.sleep(POLL_MS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new KafkaException("interrupted while waiting: " + what, e);
            }
        }
    }

    /**
     * Asks until there is an answer, for an admin client that has turned to a broker that stands still does not turn to
     * another one before its time is up. Throws Kafka's own exception when the answer is a failure.
     *
     * @param question asked anew at each attempt; should give up after {@link #ATTEMPT_MS}
     */
    static <T> T ask(String what, Supplier<KafkaFuture<T>> question) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try {
                return question.get().get();
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof TimeoutException) || System.nanoTime() - deadline > 0) {
                    throw failure(what, e.getCause());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new KafkaException("interrupted while trying to " + what, e);
            }
        }
    }

    private static RuntimeException failure(String what, Throwable cause) {
        return cause instanceof RuntimeException known ? known : new KafkaException("could not " + what, cause);
    }
}
