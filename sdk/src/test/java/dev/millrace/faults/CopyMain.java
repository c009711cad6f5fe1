package dev.millrace.faults;

import dev.millrace.Client;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Reads, writes and commits offsets in transactions, partition to partition, in a JVM of its own: what a service does that is to
 * have each record once. Says on standard output what happened, and ends when its standard input does.
 */
final class CopyMain {

    private static final int FENCED = 3;
    private static final int FATAL = 4;

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Producer<byte[], byte[]> producer;
    private final String output;

    private CopyMain(KafkaConsumer<byte[], byte[]> consumer, Producer<byte[], byte[]> producer, String output) {
        this.consumer = consumer;
        this.producer = producer;
        this.output = output;
    }

    /** @param args bootstrap servers, input topic, output topic, group and transactional id, the group's protocol, client */
    public static void main(String[] args) {
        endWithStandardInput();
        Map<String, Object> reading = new HashMap<>(Map.of("bootstrap.servers", args[0], "group.id", args[3],
                "group.protocol", args[4], "isolation.level", "read_committed", "enable.auto.commit", false,
                "auto.offset.reset", "earliest", "max.poll.records", 2_000,
                "key.deserializer", ByteArrayDeserializer.class, "value.deserializer", ByteArrayDeserializer.class));
        if (args[4].equals("classic"))
            reading.putAll(Map.of("session.timeout.ms", 5_000, "heartbeat.interval.ms", 1_000));
        Map<String, Object> writing = Map.of("bootstrap.servers", args[0], "transactional.id", args[3],
                "key.serializer", ByteArraySerializer.class, "value.serializer", ByteArraySerializer.class,
                "compression.type", "lz4", "transaction.timeout.ms", 60_000, "request.timeout.ms", 3_000,
                "delivery.timeout.ms", 60_000);
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(reading);
                Producer<byte[], byte[]> producer = Client.valueOf(args[5]).producer(writing)) {
            producer.initTransactions();
            consumer.subscribe(List.of(args[1]), new Listener());
            new CopyMain(consumer, producer, args[2]).run();
        } catch (ProducerFencedException | InvalidProducerEpochException e) {
            end("fenced: " + e, FENCED);
        } catch (Throwable t) {
            t.printStackTrace(System.out);
            end("fatal: " + t, FATAL);
        }
    }

    /**
     * Does nothing, but is there: with a listener a member of a KIP-848 group gives up what it lost within poll. Without one its
     * network thread takes it away at any time, and a poll at that moment throws IllegalStateException (kafka-clients 4.3.1).
     */
    private static final class Listener implements ConsumerRebalanceListener {

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            // Its positions are committed with each transaction.
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            // It begins at what is committed.
        }
    }

    private static void end(String why, int code) {
        System.out.println(why);
        // Not exit: what a service holds open must not matter.
        Runtime.getRuntime().halt(code);
    }

    /** The parent died. */
    private static void endWithStandardInput() {
        Thread watch = new Thread(() -> {
            try {
                while (System.in.read() >= 0)
                    ;
            } catch (IOException e) {
                // As good as its end.
            }
            Runtime.getRuntime().halt(1);
        }, "standard input");
        watch.setDaemon(true);
        watch.start();
    }

    private void run() {
        while (true) {
            ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(200));
            if (records.isEmpty())
                continue;
            producer.beginTransaction();
            try {
                copy(records);
                producer.commitTransaction();
                System.out.println("committed " + records.count());
            } catch (ProducerFencedException | InvalidProducerEpochException e) {
                throw e;
            } catch (KafkaException e) {
                System.out.println("aborted: " + e + (e.getCause() == null ? "" : ", " + e.getCause()));
                producer.abortTransaction();
                readAgain();
            }
        }
    }

    private void copy(ConsumerRecords<byte[], byte[]> records) {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        for (ConsumerRecord<byte[], byte[]> record : records) {
            producer.send(new ProducerRecord<>(output, record.partition(), record.key(), record.value()));
            offsets.put(new TopicPartition(record.topic(), record.partition()), new OffsetAndMetadata(record.offset() + 1));
        }
        producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
    }

    /** The aborted transaction's records were polled, and must be once more. */
    private void readAgain() {
        Map<TopicPartition, OffsetAndMetadata> committed = consumer.committed(consumer.assignment());
        for (TopicPartition partition : consumer.assignment()) {
            OffsetAndMetadata position = committed.get(partition);
            if (position == null)
                consumer.seekToBeginning(List.of(partition));
            else
                consumer.seek(partition, position);
        }
    }
}
