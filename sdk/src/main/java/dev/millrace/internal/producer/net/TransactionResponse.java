package dev.millrace.internal.producer.net;

import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;

/**
 * What a broker said to a {@link TransactionRequest}; of each kind of request, the parts that it has.
 *
 * @param error of the whole
 * @param message what the broker said of the error, or null
 * @param producerId of {@code InitProducerId}, and of {@code EndTransaction} with KIP-890; else -1
 * @param epoch with the producer id; else -1
 * @param partitions the error of each partition; empty where a request has none
 */
public record TransactionResponse(Errors error, String message, long producerId, short epoch,
                                  Map<TopicPartition, Errors> partitions) {

    static TransactionResponse of(Errors error) {
        return new TransactionResponse(error, null, -1, (short) -1, Map.of());
    }

    static TransactionResponse of(Errors error, long producerId, short epoch) {
        return new TransactionResponse(error, null, producerId, epoch, Map.of());
    }

    static TransactionResponse of(Map<TopicPartition, Errors> partitions) {
        return new TransactionResponse(Errors.NONE, null, -1, (short) -1, partitions);
    }
}
