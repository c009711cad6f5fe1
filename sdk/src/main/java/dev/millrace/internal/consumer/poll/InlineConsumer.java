package dev.millrace.internal.consumer.poll;

import dev.millrace.consumer.ConsumerStatus;
import dev.millrace.internal.consumer.work.WorkFloor;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.common.KafkaException;

/** A consumer that has no threads: whoever has it runs the loop's rounds and the floor's work. */
public interface InlineConsumer {

    /** To be run by {@link PollLoop#round} until that says false, and then by {@link PollLoop#run}, which ends it. */
    PollLoop loop();

    /** To be run by {@link WorkFloor#inline}. */
    WorkFloor floor();

    /** Subscribes as the user said, with this listener, which passes on to the loop. Once, before the first round. */
    void begin(ConsumerRebalanceListener listener);

    /** Changes how many records are handled at once. */
    void resize(int concurrency);

    /** Ends what is left, and tells the user's listener why the consumer has ended by itself, if it has. Once, after the loop's end. */
    void end();

    /** What the user can see of it. */
    ConsumerStatus status();

    /** Why the consumer ended by itself; null while it did not. */
    KafkaException failure();
}
