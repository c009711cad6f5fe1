package dev.millrace.internal.producer.send;

import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.internal.producer.net.PartitionResult;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.InvalidMetadataException;
import org.apache.kafka.common.errors.TopicAuthorizationException;

/** What a produce error means. Pure. */
final class ProduceErrors {

    private ProduceErrors() {
    }

    enum Verdict {
        /** The records are in the log. */
        SUCCESS,
        /** Too large as one batch: its records may fit in smaller ones. */
        SPLIT,
        /** Send it again if its sequence, its attempts and its time allow; else it fails. */
        RETRY_OR_FAIL
    }

    static Verdict of(PartitionResult result, ProducerBatch batch) {
        return switch (result.error()) {
            // Duplicates were acknowledged before; the broker has only forgotten at which offset.
            case NONE, DUPLICATE_SEQUENCE_NUMBER -> Verdict.SUCCESS;
            case MESSAGE_TOO_LARGE -> batch.recordCount() > 1 ? Verdict.SPLIT : Verdict.RETRY_OR_FAIL;
            default -> Verdict.RETRY_OR_FAIL;
        };
    }

    /** The error says that a leader moved or a topic changed. */
    static boolean staleMetadata(PartitionResult result) {
        return result.error().exception() instanceof InvalidMetadataException;
    }

    /** The exception of the whole batch, as {@code KafkaProducer} gives it. */
    static RuntimeException exception(PartitionResult result, String topic) {
        return switch (result.error()) {
            case TOPIC_AUTHORIZATION_FAILED -> new TopicAuthorizationException(Set.of(topic));
            case CLUSTER_AUTHORIZATION_FAILED ->
                    new ClusterAuthorizationException("The producer is not authorized to do idempotent sends");
            default -> result.exception();
        };
    }

    /** The exception of each record by its index, where the broker told them apart; else null. */
    static IntFunction<RuntimeException> recordExceptions(PartitionResult result) {
        if (result.recordErrors().isEmpty())
            return null;
        boolean single = result.recordErrors().size() == 1;
        Map<Integer, RuntimeException> byIndex = new HashMap<>();
        result.recordErrors().forEach((index, message) -> {
            String text = message != null ? message : result.message() != null ? result.message() : result.error().message();
            // With one offender the partition's error is its error; with more, nobody knows which is whose.
            byIndex.put(index, single ? result.error().exception(text) : new InvalidRecordException(text));
        });
        return index -> byIndex.getOrDefault(index, new KafkaException(
                "Failed to append record because it was part of a batch which had one more more invalid records"));
    }
}
