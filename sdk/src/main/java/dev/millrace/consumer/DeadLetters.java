package dev.millrace.consumer;

import java.util.Objects;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;

/**
 * Where records go that could not be handled: to a topic, as the bytes they came with.
 *
 * <p>A dead letter has the key, value, timestamp and headers of the record, and these headers more (UTF-8):
 * {@value #TOPIC}, {@value #PARTITION}, {@value #OFFSET}, {@value #TIMESTAMP}, {@value #EXCEPTION}, {@value #MESSAGE}, {@value #ATTEMPTS}. The
 * record is done when the dead letter is acknowledged. When it can't be sent it is tried again, and in the end the consumer stops with the
 * reason: no record is dropped.
 *
 * <p>Those of a transactional consumer have no producer of their own: they are sent in the transaction that commits the record's offset.
 */
public final class DeadLetters {

    /** Header: the record's topic. */
    public static final String TOPIC = "millrace.dead-letter.topic";
    /** Header: the record's partition. */
    public static final String PARTITION = "millrace.dead-letter.partition";
    /** Header: the record's offset. */
    public static final String OFFSET = "millrace.dead-letter.offset";
    /** Header: the record's timestamp, milliseconds since the epoch. */
    public static final String TIMESTAMP = "millrace.dead-letter.timestamp";
    /** Header: the class of the last exception. */
    public static final String EXCEPTION = "millrace.dead-letter.exception";
    /** Header: the message of the last exception; absent when it had none. */
    public static final String MESSAGE = "millrace.dead-letter.message";
    /** Header: how often the record was tried. */
    public static final String ATTEMPTS = "millrace.dead-letter.attempts";

    private final Function<ConsumerRecord<byte[], byte[]>, String> topic;
    /** Null for those that are sent in transactions. */
    private final Producer<byte[], byte[]> producer;

    private DeadLetters(Function<ConsumerRecord<byte[], byte[]>, String> topic, Producer<byte[], byte[]> producer) {
        this.topic = Objects.requireNonNull(topic, "topic");
        this.producer = producer;
    }

    /**
     * Dead letters in one topic.
     *
     * @param topic the topic's name; it should exist, or be made by the brokers
     * @param producer sends them; it stays the caller's, who closes it after the consumer. Its {@code acks} should be {@code all}.
     */
    public static DeadLetters toTopic(String topic, Producer<byte[], byte[]> producer) {
        Objects.requireNonNull(topic, "topic");
        return new DeadLetters(record -> topic, Objects.requireNonNull(producer, "producer"));
    }

    /**
     * Dead letters of a transactional consumer in one topic.
     *
     * @param topic the topic's name; it should exist, or be made by the brokers
     */
    public static DeadLetters toTopic(String topic) {
        Objects.requireNonNull(topic, "topic");
        return new DeadLetters(record -> topic, null);
    }

    /** Dead letters in the topic a function names, by the record as it came; as {@link #toTopic} otherwise. */
    public static DeadLetters toTopics(Function<ConsumerRecord<byte[], byte[]>, String> topic, Producer<byte[], byte[]> producer) {
        return new DeadLetters(topic, Objects.requireNonNull(producer, "producer"));
    }

    /** Dead letters of a transactional consumer in the topic a function names, by the record as it came. */
    public static DeadLetters toTopics(Function<ConsumerRecord<byte[], byte[]>, String> topic) {
        return new DeadLetters(topic, null);
    }

    /** The topic for a record. */
    public String topicFor(ConsumerRecord<byte[], byte[]> record) {
        return topic.apply(record);
    }

    /** What sends them; null for those of a transactional consumer, which sends them itself. */
    public Producer<byte[], byte[]> producer() {
        return producer;
    }
}
