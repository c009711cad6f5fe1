package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;

/**
 * What became of a producer's call.
 *
 * @param thrown whether the caller heard of the error by what the call threw, and not by a future
 * @param error null when it went well
 */
record Outcome(boolean thrown, Throwable error) {

    private static final int MAX_BLOCK_MS = 60_000;
    /** Far below the time a call may block, far above what any of them needs. */
    private static final long PATIENCE_MS = 25_000;

    /** Asserts that records for a topic fail at once, and with both clients alike. */
    static void assertSendFails(Class<?> expected, String topic, Map<String, Object> config) {
        assertFails(expected, config, producer -> ofSend(producer, topic));
    }

    /** Asserts that the question for a topic's partitions fails at once, and with both clients alike. */
    static void assertPartitionsForFails(Class<?> expected, String topic, Map<String, Object> config) {
        assertFails(expected, config, producer -> of(() -> producer.partitionsFor(topic)));
    }

    /** Asserts that a transactional producer's first call fails at once, and with both clients alike. */
    static void assertInitTransactionsFails(Class<?> expected, String transactionalId, Map<String, Object> config) {
        Map<String, Object> transactional = new HashMap<>(config);
        transactional.put("transactional.id", transactionalId);
        assertFails(expected, transactional, producer -> of(producer::initTransactions));
    }

    /** Asserts that no producer can be made, and with both clients alike. */
    static void assertConstructorFails(Class<?> expected, Map<String, Object> config) {
        Function<Client, Outcome> constructor = client -> of(() -> client.producer(config).close());
        assertAlike(expected, constructor.apply(Client.KAFKA), constructor.apply(Client.MILLRACE));
    }

    private static void assertFails(Class<?> expected, Map<String, Object> config,
                                    Function<Producer<String, String>, Outcome> call) {
        Map<String, Object> patient = new HashMap<>(config);
        patient.put("max.block.ms", MAX_BLOCK_MS);
        Function<Client, Outcome> outcome = client -> {
            try (Producer<String, String> producer = client.producer(patient)) {
                return call.apply(producer);
            }
        };
        Outcome kafkas = outcome.apply(Client.KAFKA);
        // For a moment after it was refused KafkaProducer is in an error state, and wraps the reason for who comes just then.
        for (int i = 0; i < 10 && wraps(kafkas.error(), expected); i++)
            kafkas = outcome.apply(Client.KAFKA);
        assertAlike(expected, kafkas, outcome.apply(Client.MILLRACE));
    }

    private static boolean wraps(Throwable error, Class<?> expected) {
        return error != null && error.getClass() == KafkaException.class && expected.isInstance(error.getCause());
    }

    private static void assertAlike(Class<?> expected, Outcome kafkas, Outcome ours) {
        assertNotNull(ours.error(), "it went well");
        assertEquals(expected, kafkas.error().getClass());
        assertEquals(expected, ours.error().getClass());
        assertEquals(kafkas.thrown(), ours.thrown());
        assertEquals(chain(kafkas.error()), chain(ours.error()));
        assertNoSecretIn(text(ours.error()));
    }

    /** Class and message of an error and of its causes. */
    static String chain(Throwable error) {
        StringBuilder chain = new StringBuilder();
        for (Throwable t = error; t != null; t = t.getCause())
            // Of more than one line is the JDK's message of a failed login: the rest of it is a stack trace.
            chain.append(t.getClass().getName()).append(": ").append(String.valueOf(t.getMessage()).lines().findFirst())
                    .append('\n');
        return chain.toString();
    }

    /** The stack trace, with all messages. */
    static String text(Throwable error) {
        StringWriter text = new StringWriter();
        error.printStackTrace(new PrintWriter(text));
        return text.toString();
    }

    /** Asserts that no password of {@link SecuredBroker}'s and no token is in a text. */
    static void assertNoSecretIn(String text) {
        for (String secret : SecuredBroker.passwords())
            assertFalse(text.contains(secret), () -> text.lines().filter(line -> line.contains(secret)).toList().toString());
        assertFalse(text.contains("eyJ"), () -> "A token: " + text.lines().filter(line -> line.contains("eyJ")).toList());
    }

    /** Sends one record and waits for it. */
    static Outcome ofSend(Producer<String, String> producer, String topic) {
        AtomicReference<Exception> called = new AtomicReference<>();
        return timed(() -> {
            Future<RecordMetadata> future;
            try {
                future = producer.send(new ProducerRecord<>(topic, "key", "value"), (metadata, error) -> called.set(error));
            } catch (RuntimeException e) {
                return new Outcome(true, e);
            }
            Outcome outcome = ended(future);
            assertSame(outcome.error(), called.get(), "the callback hears what the future tells");
            return outcome;
        });
    }

    /** Makes a call. */
    static Outcome of(Runnable call) {
        return timed(() -> {
            try {
                call.run();
                return new Outcome(false, null);
            } catch (RuntimeException e) {
                return new Outcome(true, e);
            }
        });
    }

    private static Outcome timed(Supplier<Outcome> call) {
        long startNs = System.nanoTime();
        Outcome outcome = call.get();
        long tookMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs);
        assertTrue(tookMs < PATIENCE_MS, () -> "took " + tookMs + " ms: " + outcome);
        return outcome;
    }

    private static Outcome ended(Future<RecordMetadata> future) {
        try {
            future.get(PATIENCE_MS, TimeUnit.MILLISECONDS);
            return new Outcome(false, null);
        } catch (ExecutionException e) {
            return new Outcome(false, e.getCause());
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError("no end after " + PATIENCE_MS + " ms", e);
        }
    }
}
