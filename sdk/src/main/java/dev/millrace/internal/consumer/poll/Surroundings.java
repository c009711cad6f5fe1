package dev.millrace.internal.consumer.poll;

import dev.millrace.internal.consumer.commit.AdminTopicIds;
import dev.millrace.internal.consumer.commit.TopicIds;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
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
        public Producer<byte[], byte[]> outputProducer(Supplier<? extends Producer<byte[], byte[]>> given) {
            return given.get();
        }

        @Override
        public ExecutorService outputThread(String name) {
            return Executors.newSingleThreadExecutor(task -> {
                Thread thread = new Thread(task, name);
                thread.setDaemon(true);
                return thread;
            });
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

    /** What sends the outputs of a transactional handler, instead of what would be made; called at most once. */
    Producer<byte[], byte[]> outputProducer(Supplier<? extends Producer<byte[], byte[]>> given);

    /** What transactions are sent on, one task after the other; called at most once. */
    ExecutorService outputThread(String name);

    /** The one clock. */
    Time time();

    /** Waits on the poll thread for at most this long; may return earlier, and does when the thread is unparked. */
    void park(long ns);
}
