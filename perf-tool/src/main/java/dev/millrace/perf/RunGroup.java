package dev.millrace.perf;

import dev.millrace.perf.broker.TopicLog;
import dev.millrace.perf.spec.ConsumerSettings;
import dev.millrace.perf.spec.RunFailedException;
import java.util.UUID;

/**
 * The consumer group of a run.
 *
 * @param madeForRun whether nobody but this run knows its name
 */
record RunGroup(String id, boolean madeForRun) {
    /** The one the user named, or a new one. */
    static RunGroup of(ConsumerSettings settings) {
        return settings.group().map(id -> new RunGroup(id, false))
                .orElseGet(() -> new RunGroup("millrace-perf-" + UUID.randomUUID(), true));
    }

    /** Deletes it, if it was made for the run. */
    void cleanUp(TopicLog log, RunConsole console) {
        if (!madeForRun) {
            return;
        }
        try {
            log.deleteGroup(id);
        } catch (RunFailedException e) {
            // It may never have been made, when the run ended early; and an empty group is forgotten by the brokers in time.
            console.say("group %s was not deleted: %s", id, e.getMessage());
        }
    }
}
