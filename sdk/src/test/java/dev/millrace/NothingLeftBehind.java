package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.management.ManagementFactory;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import javax.management.JMException;
import javax.management.ObjectName;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** After each test: no thread of a producer runs, and no metrics of one are to be seen by JMX. */
final class NothingLeftBehind implements AfterEachCallback {

    @Override
    public void afterEach(ExtensionContext context) throws InterruptedException {
        assertNothingLeft();
    }

    static void assertNothingLeft() throws InterruptedException {
        for (Thread thread : Thread.getAllStackTraces().keySet())
            if (isProducers(thread))
                // One that was closed in a callback ends when the callback has returned.
                thread.join(TimeUnit.SECONDS.toMillis(5));
        assertEquals(Set.of(), threads());
        assertEquals(Set.of(), beans("kafka.producer:*"));
    }

    /** Names of producers' threads that run now. */
    static Set<String> threads() {
        return Thread.getAllStackTraces().keySet().stream().filter(NothingLeftBehind::isProducers).map(Thread::getName)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static boolean isProducers(Thread thread) {
        return thread.getName().startsWith("kafka-producer-network-thread");
    }

    /** Names of the beans that match a pattern. */
    static Set<String> beans(String pattern) {
        try {
            return ManagementFactory.getPlatformMBeanServer().queryNames(new ObjectName(pattern), null).stream()
                    .map(ObjectName::getCanonicalName).collect(Collectors.toCollection(TreeSet::new));
        } catch (JMException e) {
            throw new IllegalArgumentException(pattern, e);
        }
    }
}
