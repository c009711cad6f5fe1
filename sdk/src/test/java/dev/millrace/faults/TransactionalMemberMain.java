package dev.millrace.faults;

import dev.millrace.MillraceProducer;
import dev.millrace.ParallelConsumer;
import dev.millrace.consumer.RetryPolicy;
import dev.millrace.consumer.TransactionalOutput;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * A member of a group with a transactional handler that fails now and then, in a JVM of its own. Says on standard output what happened.
 * Ends when its standard input does, and stands still in the next transaction when it is told to: {@code h} before its offsets are sent,
 * {@code o} behind that.
 */
final class TransactionalMemberMain {

    private static volatile char hold;

    private TransactionalMemberMain() {
    }

    /** @param args bootstrap servers, input topic, output topic, group, transactional id, the group's protocol */
    public static void main(String[] args) throws InterruptedException {
        listen();
        Map<String, Object> reading = new HashMap<>(Map.of("bootstrap.servers", args[0], "group.id", args[3], "group.protocol", args[5],
                "auto.offset.reset", "earliest", "key.deserializer", ByteArrayDeserializer.class,
                "value.deserializer", ByteArrayDeserializer.class, "millrace.consumer.drain.timeout.ms", 10_000L));
        if (args[5].equals("classic"))
            reading.putAll(Map.of("session.timeout.ms", 5_000, "heartbeat.interval.ms", 1_000, "millrace.consumer.drain.timeout.ms", 4_000L));
        Map<String, Object> writing = Map.of("bootstrap.servers", args[0], "transactional.id", args[4], "compression.type", "lz4",
                "request.timeout.ms", 3_000, "delivery.timeout.ms", 60_000);
        ParallelConsumer<byte[], byte[]> consumer = ParallelConsumer.<byte[], byte[]>builder(reading).topics(args[1]).concurrency(8)
                .retry(RetryPolicy.fixed(Duration.ofMillis(20)))
                .transactionalHandler((ConsumerRecord<byte[], byte[]> record, TransactionalOutput<byte[], byte[]> output) -> {
                    output.send(new ProducerRecord<>(args[2], record.key(), record.value()));
                    if (ThreadLocalRandom.current().nextInt(50) == 0)
                        throw new IllegalStateException("not this time");
                })
                .transactionalProducer(() -> new HeldProducer(writing), new ByteArraySerializer(), new ByteArraySerializer())
                .failureListener(failure -> end("failed: " + failure))
                .build();
        consumer.start();
        new CountDownLatch(1).await();
    }

    private static void end(String why) {
        System.out.println(why);
        Runtime.getRuntime().halt(1);
    }

    private static void listen() {
        Thread watch = new Thread(() -> {
            try {
                int told;
                while ((told = System.in.read()) >= 0)
                    hold = (char) told;
            } catch (IOException e) {
                // As good as its end.
            }
            end("the parent is gone");
        }, "standard input");
        watch.setDaemon(true);
        watch.start();
    }

    private static final class HeldProducer extends MillraceProducer<byte[], byte[]> {

        HeldProducer(Map<String, Object> config) {
            super(config, new ByteArraySerializer(), new ByteArraySerializer());
        }

        @Override
        public void sendOffsetsToTransaction(Map<TopicPartition, OffsetAndMetadata> offsets, ConsumerGroupMetadata group) {
            holdIf('h');
            super.sendOffsetsToTransaction(offsets, group);
            holdIf('o');
        }

        private void holdIf(char when) {
            if (hold != when)
                return;
            flush();
            System.out.println("holding");
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void commitTransaction() {
            super.commitTransaction();
            System.out.println("committed");
        }

        @Override
        public void abortTransaction() {
            super.abortTransaction();
            System.out.println("aborted");
        }
    }
}
