package dev.millrace.internal.consumer.commit;

import java.util.Collection;
import java.util.Map;
import org.apache.kafka.common.Uuid;

/** Tells the ids of topics, by which a topic that was made again is told from the one before. */
@FunctionalInterface
public interface TopicIds {

    /** Ids by name, of those topics that have a known one; may block for a few seconds, throws nothing. Poll thread. */
    Map<String, Uuid> of(Collection<String> topics);
}
