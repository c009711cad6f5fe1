package dev.millrace.internal.producer.net;

import java.util.function.LongConsumer;
import org.apache.kafka.clients.producer.internals.ProducerMetadata;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.utils.Time;

/** Topic metadata for the threads that send: a volatile read when they are known, a wait when not. Any thread. */
public final class TopicMetadata {

    private final ProducerMetadata metadata;
    private final Time time;
    private final Runnable wakeSender;
    private final LongConsumer waited;

    /**
     * @param wakeSender makes the sender thread poll, which fetches what was asked for
     * @param waited told how long a thread had to wait, in ns
     */
    public TopicMetadata(ProducerMetadata metadata, Time time, Runnable wakeSender, LongConsumer waited) {
        this.metadata = metadata;
        this.time = time;
        this.wakeSender = wakeSender;
        this.waited = waited;
    }

    /** The cluster as it is known now. */
    public Cluster cluster() {
        return metadata.fetch();
    }

    public boolean isClosed() {
        return metadata.isClosed();
    }

    /**
     * A cluster in which the topic is known, with the partition. Says that the topic is in use, too: unused ones are
     * forgotten after {@code metadata.max.idle.ms}.
     *
     * @param partition a partition that must be there, or null
     * @param maxWaitMs how long to wait at most
     * @throws TimeoutException when it is not known in time
     * @throws InvalidTopicException when it is no name for a topic
     */
    public Cluster await(String topic, Integer partition, long nowMs, long maxWaitMs) throws InterruptedException {
        Cluster cluster = metadata.fetch();
        if (cluster.invalidTopics().contains(topic))
            throw new InvalidTopicException(topic);
        metadata.add(topic, nowMs);
        return knows(cluster, topic, partition) ? cluster : awaitSlowPath(cluster, topic, partition, nowMs, maxWaitMs);
    }

    /**
     * As {@link #await}, but asks for what is not known and returns null instead of waiting for it. However often it is called,
     * brokers are asked once at a time.
     *
     * @throws org.apache.kafka.common.errors.TopicAuthorizationException when that was their answer
     */
    public Cluster poll(String topic, Integer partition, long nowMs) {
        Cluster cluster = metadata.fetch();
        if (cluster.invalidTopics().contains(topic))
            throw new InvalidTopicException(topic);
        // Not once more while an answer is awaited: for a new topic that would overrule the backoff between two requests.
        boolean asked = metadata.containsTopic(topic) && metadata.updateRequested();
        metadata.add(topic, nowMs);
        if (knows(cluster, topic, partition))
            return cluster;
        metadata.maybeThrowExceptionForTopic(topic);
        if (!asked) {
            metadata.requestUpdateForTopic(topic);
            wakeSender.run();
        }
        return null;
    }

    private Cluster awaitSlowPath(Cluster known, String topic, Integer partition, long startMs, long maxWaitMs)
            throws InterruptedException {
        long startNs = time.nanoseconds();
        Cluster cluster = known;
        long elapsedMs = 0;
        do {
            metadata.add(topic, startMs + elapsedMs);
            int version = metadata.requestUpdateForTopic(topic);
            wakeSender.run();
            try {
                metadata.awaitUpdate(version, maxWaitMs - elapsedMs);
            } catch (TimeoutException e) {
                Errors error = metadata.getError(topic);
                throw timeout(cluster, topic, partition, maxWaitMs, error == null ? null : error.exception());
            }
            elapsedMs = time.milliseconds() - startMs;
            if (elapsedMs >= maxWaitMs) {
                // What was missing, also where the answer has brought it, too late.
                Errors error = metadata.getError(topic);
                throw timeout(cluster, topic, partition, maxWaitMs,
                        error != null && error.exception() instanceof RetriableException ? error.exception() : null);
            }
            metadata.maybeThrowExceptionForTopic(topic);
            cluster = metadata.fetch();
        } while (!knows(cluster, topic, partition));
        waited.accept(time.nanoseconds() - startNs);
        return cluster;
    }

    private static boolean knows(Cluster cluster, String topic, Integer partition) {
        Integer count = cluster.partitionCountForTopic(topic);
        return count != null && (partition == null || partition < count);
    }

    private static KafkaException timeout(Cluster cluster, String topic, Integer partition, long maxWaitMs, Throwable cause) {
        Integer count = cluster.partitionCountForTopic(topic);
        String message = count == null
                ? "Topic " + topic + " not present in metadata after " + maxWaitMs + " ms."
                : "Partition " + partition + " of topic " + topic + " with partition count " + count
                        + " is not present in metadata after " + maxWaitMs + " ms.";
        return cause == null ? new TimeoutException(message) : new TimeoutException(message, cause);
    }
}
