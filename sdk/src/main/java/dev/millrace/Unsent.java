package dev.millrace;

/**
 * A record got into no batch. Never leaves this package: {@link ProducerEngine} makes of it what {@code KafkaProducer} would. An
 * exception, for what those are told that learn of the failure costs a record that is sent nothing.
 */
final class Unsent extends Exception {

    private static final long serialVersionUID = 1;

    /** The one it was meant for, -1 when none was chosen. */
    private final int partition;

    /** @param cause what prevented it; null when it would have had to wait, and was not to */
    Unsent(int partition, Exception cause) {
        // Whoever is told gets the cause, so its own stack trace would be seen by nobody.
        super(null, cause, false, false);
        this.partition = partition;
    }

    int partition() {
        return partition;
    }
}
