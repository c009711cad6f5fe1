package dev.millrace.internal.consumer.poll;

import dev.millrace.internal.consumer.commit.AdminTopicIds;
import dev.millrace.internal.consumer.commit.TopicIds;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.utils.Time;

/** All that a consumer touches outside of itself: the cluster, by Kafka's clients, and time. Replaced as a whole where there is neither. */
public interface Surroundings {

    /** The cluster that the configuration names, and the system's clock. */
    Surroundings REAL = new Surroundings() {
        @Override
        public Consumer<ByteBuffer, ByteBuffer> consumer(Map<String, Object> config) {
            return new KafkaConsumer<>(config);
        }

        @Override
        public TopicIds topicIds(Map<String, Object> config) {
            return new AdminTopicIds(config);
        }

        @Override
        public Producer<byte[], byte[]> deadLetterProducer(Producer<byte[], byte[]> given) {
            return given;
        }

        @Override
        public Time time() {
            return Time.SYSTEM;
        }

        @Override
        public void park(long ns) {
            LockSupport.parkNanos(ns);
        }
    };

    /** Kafka's consumer; called once. */
    Consumer<ByteBuffer, ByteBuffer> consumer(Map<String, Object> config);

    /** Where topics' ids are asked for; called once. */
    TopicIds topicIds(Map<String, Object> config);

    /** What sends dead letters, instead of what the user gave; called at most once. */
    Producer<byte[], byte[]> deadLetterProducer(Producer<byte[], byte[]> given);

    /** The one clock. */
    Time time();

    /** Waits on the poll thread for at most this long; may return earlier, and does when the thread is unparked. */
    void park(long ns);
}
