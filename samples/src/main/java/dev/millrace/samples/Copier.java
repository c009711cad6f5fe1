package dev.millrace.samples;

import dev.millrace.MillraceProducer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Reads records, transforms them and writes them, exactly once: what it writes, and how far it has read, become visible in one
 * step, the commit of a transaction. Whenever it dies, its successor begins where the last commit ended, and nobody sees
 * what was written after it. For one thread.
 */
final class Copier implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(200);
    private static final int TRANSACTION_TIMEOUT_MS = 20_000;

    private final String to;
    private final UnaryOperator<String> transform;
    private final Runnable beforeCommit;
    private final Consumer<String, String> consumer;
    private final Producer<String, String> producer;

    /**
     * Takes over from whoever ran under the same name before.
     *
     * @param instance names this instance among those that share the work, and keeps its name over restarts; no two that
     *     run at the same time may have the same
     * @param beforeCommit is run in each transaction when all of it is written, before it is committed
     */
    Copier(String servers, String from, String to, String group, String instance, UnaryOperator<String> transform,
            Runnable beforeCommit) {
        this.to = to;
        this.transform = transform;
        this.beforeCommit = beforeCommit;
        this.producer = producer(servers, group, instance);
        try {
            // Ends what a predecessor of this name has left: a transaction that it had begun is aborted, one that was being
            // committed is completed, and if it still lives it can write no more.
            producer.initTransactions();
            this.consumer = consumer(servers, group, instance);
            consumer.subscribe(List.of(from));
        } catch (KafkaException e) {
            producer.close(Duration.ZERO);
            throw e;
        }
    }

    private static Consumer<String, String> consumer(String servers, String group, String instance) {
        Map<String, Object> config = Map.of(
                ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, servers,
                ConsumerConfig.GROUP_ID_CONFIG, group,
                // The group knows this instance again after a restart, and does not wait for its session to end first.
                ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, instance,
                // The offsets are committed with the transaction, and by nobody else.
                ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false,
                // Where to begin when there is no committed offset yet.
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest",
                // Input that was itself written in transactions: nothing of those that were aborted, or are open still.
                // Whoever reads the output must set this too, or sees records twice.
                ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        return new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
    }

    private static Producer<String, String> producer(String servers, String group, String instance) {
        Map<String, Object> config = Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, servers,
                // The same after a restart, so that the transaction of the one that died is ended at once; and another
                // one for each instance, or they throw each other out.
                ProducerConfig.TRANSACTIONAL_ID_CONFIG, group + "-" + instance,
                // An instance that dies and does not come back holds up the readers of its output for so long.
                ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, TRANSACTION_TIMEOUT_MS);
        return new MillraceProducer<>(config, new StringSerializer(), new StringSerializer());
    }

    /**
     * Copies what the next poll gives, in one transaction. Partitions come and go inside of {@code poll}, when no transaction is
     * open, so there is nothing to do about it.
     *
     * @return how many records were copied; 0 as well when they have to be read again
     * @throws KafkaException when this copier cannot go on: close it, and make another
     */
    int copySome() {
        ConsumerRecords<String, String> records = consumer.poll(POLL);
        if (records.isEmpty()) {
            return 0;
        }
        try {
            producer.beginTransaction();
            for (ConsumerRecord<String, String> record : records) {
                // Nobody looks at the future: when one record fails, the commit fails.
                producer.send(new ProducerRecord<>(to, record.key(), transform.apply(record.value())));
            }
            // The group's metadata say who read this. When the group has meanwhile given the partitions to another one (this
            // process was stopped for long, say), they are refused, and with them all the transaction.
            producer.sendOffsetsToTransaction(records.nextOffsets(), consumer.groupMetadata());
            beforeCommit.run();
            commit();
            return records.count();
        } catch (KafkaException e) {
            // Throws when the producer cannot go on: because another one has its transactional id, for example.
            producer.abortTransaction();
            System.err.println("a transaction of " + records.count() + " records was aborted, and is tried again: " + e);
            readAgain();
            return 0;
        }
    }

    /** A commit that takes long is not a commit that failed: it may only be asked for again. */
    private void commit() {
        while (true) {
            try {
                producer.commitTransaction();
                return;
            } catch (TimeoutException e) {
                System.err.println("still committing: " + e.getMessage());
            }
        }
    }

    /**
     * The consumer stands behind the records that were aborted. Without this they would be lost. A record that can never be
     * written (too large, say) comes back for ever; a service would put it aside.
     */
    private void readAgain() {
        Set<TopicPartition> mine = consumer.assignment();
        Map<TopicPartition, OffsetAndMetadata> committed = consumer.committed(mine);
        for (TopicPartition partition : mine) {
            OffsetAndMetadata offset = committed.get(partition);
            if (offset == null) {
                consumer.seekToBeginning(Set.of(partition));
            } else {
                consumer.seek(partition, offset);
            }
        }
    }

    /** Aborts what is open. */
    @Override
    public void close() {
        try {
            producer.close();
        } finally {
            consumer.close();
        }
    }
}
