package dev.millrace;

import dev.millrace.internal.producer.KafkaVersion;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.apache.kafka.common.KafkaException;

/**
 * Runs in a JVM whose kafka-clients may be any version: says on standard output what became of a producer, and which
 * threads it left behind. It ends by returning, so that a thread that is no daemon would keep the JVM alive.
 */
final class WrongKafkaClientsMain {
    private WrongKafkaClientsMain() {
    }

    public static void main(String[] args) {
        Set<String> before = threads();
        attempt(() -> {
            KafkaVersion.check();
            return () -> { };
        });
        Set<String> left = threads();
        left.removeAll(before);
        System.out.println("threads left: " + left);
    }

    private static void attempt(Supplier<AutoCloseable> producer) {
        try (AutoCloseable opened = producer.get()) {
            System.out.println("started " + opened.getClass().getSimpleName());
        } catch (KafkaException e) {
            System.out.println("refused " + e.getMessage());
        } catch (Exception e) {
            throw new IllegalStateException("not the refusal", e);
        }
    }

    private static Set<String> threads() {
        Set<String> names = new TreeSet<>();
        Thread.getAllStackTraces().keySet().forEach(thread -> names.add(thread.getName()));
        return names;
    }
}
