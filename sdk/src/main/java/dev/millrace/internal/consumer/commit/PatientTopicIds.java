package dev.millrace.internal.consumer.commit;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;

/** Asks again for ids that did not come, for where they are not known, records would be handled twice. Poll thread. */
public final class PatientTopicIds implements TopicIds {

    private static final long BACKOFF_MS = 100;

    private final TopicIds asked;
    private final long patienceMs;
    private final Time time;

    /** @param patienceMs how long to ask again, beside the time that the last answer takes */
    public PatientTopicIds(TopicIds asked, long patienceMs, Time time) {
        this.asked = asked;
        this.patienceMs = patienceMs;
        this.time = time;
    }

    @Override
    public Map<String, Uuid> of(Collection<String> topics) {
        long untilMs = time.milliseconds() + patienceMs;
        Map<String, Uuid> ids = new HashMap<>();
        Set<String> missing = new HashSet<>(topics);
        while (true) {
            ids.putAll(asked.of(missing));
            missing.removeAll(ids.keySet());
            if (missing.isEmpty() || time.milliseconds() >= untilMs)
                return ids;
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(BACKOFF_MS));
        }
    }
}
