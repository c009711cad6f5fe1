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
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/** After each test: no thread of a producer runs, and no metrics of one are to be seen by JMX, but what was there before. */
public final class NothingLeftBehind implements BeforeEachCallback, AfterEachCallback {

    private static final Namespace NAMESPACE = Namespace.create(NothingLeftBehind.class);
    private static final String ALL_BEANS = "kafka.producer:*";

    private record Before(Set<Thread> threads, Set<String> beans) {
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        context.getStore(NAMESPACE).put(Before.class, new Before(producerThreads(), beans(ALL_BEANS)));
    }

    @Override
    public void afterEach(ExtensionContext context) throws InterruptedException {
        Before before = context.getStore(NAMESPACE).get(Before.class, Before.class);
        Set<Thread> threads = producerThreads();
        threads.removeAll(before.threads());
        for (Thread thread : threads)
            // One that was closed in a callback ends when the callback has returned.
            thread.join(TimeUnit.SECONDS.toMillis(5));
        threads.removeIf(thread -> !thread.isAlive());
        assertEquals(Set.of(), threads);
        Set<String> beans = beans(ALL_BEANS);
        beans.removeAll(before.beans());
        assertEquals(Set.of(), beans);
    }

    /** The threads of producers that run now. */
    static Set<Thread> producerThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("kafka-producer-")).collect(Collectors.toSet());
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
