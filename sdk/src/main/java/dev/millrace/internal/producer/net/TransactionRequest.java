package dev.millrace.internal.producer.net;

import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** What a transactional producer asks of brokers, beside producing. */
public sealed interface TransactionRequest {

    /** Who a producer says it is. */
    record ProducerIdentity(String transactionalId, long producerId, short epoch) {
    }

    /** Which broker coordinates this transactional id, or group; any broker knows. */
    record FindCoordinator(CoordinatorType type, String key) implements TransactionRequest {
    }

    /** A producer id and epoch; with an id and epoch that are still valid, the next epoch of that id (KIP-360). */
    record InitProducerId(ProducerIdentity producer, int transactionTimeoutMs) implements TransactionRequest {
    }

    /** Takes partitions into the transaction before they are written to; only before KIP-890. */
    record AddPartitions(ProducerIdentity producer, List<TopicPartition> partitions) implements TransactionRequest {
    }

    /** Takes a group's offsets into the transaction before they are committed; only before KIP-890. */
    record AddOffsets(ProducerIdentity producer, String groupId) implements TransactionRequest {
    }

    /** Commits offsets as a part of the transaction. */
    record CommitOffsets(ProducerIdentity producer, ConsumerGroupMetadata group,
                         Map<TopicPartition, OffsetAndMetadata> offsets, boolean transactionV2) implements TransactionRequest {
    }

    /** Ends the transaction. */
    record EndTransaction(ProducerIdentity producer, boolean commit, boolean transactionV2) implements TransactionRequest {
    }
}
