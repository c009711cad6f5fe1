package dev.millrace.internal.producer.batch;

import org.apache.kafka.clients.producer.Callback;

/** A callback that does something of its own around the user's. */
public interface WrappingCallback extends Callback {

    /** The user's, or null. */
    Callback users();
}
