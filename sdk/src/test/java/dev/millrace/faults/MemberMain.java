package dev.millrace.faults;

import dev.millrace.ParallelConsumer;
import dev.millrace.consumer.DeadLetters;
import dev.millrace.consumer.RebalanceListener;
import dev.millrace.consumer.RecordContext;
import dev.millrace.consumer.RetryPolicy;
import dev.millrace.faults.HandledNotes.Kind;
import dev.millrace.faults.MemberRecords.Nature;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.IntegerDeserializer;

/**
 * A process with one {@link ParallelConsumer} at a time, made, closed and asked by lines on standard input; what its handlers do is in
 * {@link HandledNotes}. Ends when its standard input does.
 */
final class MemberMain {

    /** A record with a bad day fails so often, before it is handled. */
    static final int BAD_ATTEMPTS = 2;
    /** A record that never is handled goes to the dead letters after so many. */
    static final int MAX_ATTEMPTS = 4;

    private static final Duration BETWEEN_ATTEMPTS = Duration.ofMillis(50);
    private static final int FEW = 8;
    private static final int VERY_FEW = 256;
    private static final long LONG_NS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long VERY_LONG_NS = TimeUnit.MILLISECONDS.toNanos(150);

    private final Map<String, Object> given = new HashMap<>();
    private final String topic;
    private final HandledNotes notes;
    private final ParallelConsumer<Integer, byte[]> consumer;
    private final Producer<byte[], byte[]> letters;
    /** Written by the thread that reads commands. */
    private volatile boolean gateShut;
    private volatile boolean handsTied;
    private volatile boolean allFail;

    private MemberMain(String[] words) {
        for (int i = 4; i < words.length; i++) {
            int equals = words[i].indexOf('=');
            given.put(words[i].substring(0, equals), words[i].substring(equals + 1));
        }
        topic = words[3];
        notes = HandledNotes.at(Path.of(words[2]));
        gateShut = given.remove("test.gate") != null;
        handsTied = given.remove("test.hang") != null;
        allFail = given.remove("test.fail") != null;
        Object dead = given.remove("test.dead");
        given.put("key.deserializer", IntegerDeserializer.class);
        given.put("value.deserializer", ByteArrayDeserializer.class);
        letters = dead == null ? null : noting(new KafkaProducer<>(Map.of("bootstrap.servers", given.get("bootstrap.servers"),
                "key.serializer", ByteArraySerializer.class, "value.serializer", ByteArraySerializer.class)));
        ParallelConsumer.Builder<Integer, byte[]> builder = ParallelConsumer.<Integer, byte[]>builder(given).topics(topic)
                .retry(RetryPolicy.fixed(BETWEEN_ATTEMPTS).maxAttempts(dead == null ? Integer.MAX_VALUE : MAX_ATTEMPTS))
                .rebalanceListener(new Noting())
                .hungHandlerListener((partition, offset, since) -> notes.add(Kind.HUNG, partition.partition(), 0, offset, since.toMillis()))
                .failureListener(failure -> System.out.println("failed " + failure))
                .handler((record, context) -> handle(record, context));
        if (dead != null)
            builder.deadLetters(DeadLetters.toTopic((String) dead, letters));
        consumer = builder.build();
    }

    // ---------------------------------------------------------------- commands

    /** Takes no arguments. */
    public static void main(String[] args) throws IOException {
        MemberMain member = null;
        System.out.println("ready");
        try (BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            String line;
            while ((line = commands.readLine()) != null) {
                String[] words = line.split("\t");
                if (words[0].equals("open")) {
                    member = new MemberMain(words);
                    member.consumer.start();
                    System.out.println("opened " + words[1]);
                } else {
                    member.obey(words);
                }
            }
        } catch (RuntimeException | Error e) {
            e.printStackTrace();
        } finally {
            // The parent is gone, or something is very wrong. Not exit: what a consumer holds open must not matter.
            Runtime.getRuntime().halt(1);
        }
    }

    private void obey(String[] words) {
        switch (words[0]) {
            case "close" -> new Thread(() -> close(words[1]), "closing").start();
            case "gate" -> gateShut = words[1].equals("shut");
            case "hands" -> handsTied = words[1].equals("tied");
            case "fail" -> allFail = words[1].equals("all");
            case "in-flight" -> System.out.println("in-flight " + words[1] + " " + inFlight());
            default -> throw new IllegalArgumentException(words[0]);
        }
    }

    private void close(String id) {
        long startNs = System.nanoTime();
        String how = "well";
        try {
            consumer.close();
        } catch (RuntimeException e) {
            how = e.toString();
        }
        if (letters != null)
            letters.close();
        System.out.println("closed " + id + " " + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs) + " " + how);
    }

    /** By the consumer's own metric: Kafka's count of fetched records leaves out those of a fetch that is not read to its end. */
    private long inFlight() {
        return consumer.metrics().values().stream()
                .filter(metric -> metric.metricName().name().equals("records-in-flight") && metric.metricName().tags().size() == 1)
                .mapToLong(metric -> ((Number) metric.metricValue()).longValue()).sum();
    }

    // ---------------------------------------------------------------- handling

    private void handle(ConsumerRecord<Integer, byte[]> record, RecordContext context) throws Exception {
        int attempt = context.attempt();
        notes.add(Kind.START, record.partition(), record.key(), record.offset(), context.isRevoked() ? -attempt : attempt);
        try {
            work(record);
            while (gateShut)
                TimeUnit.MILLISECONDS.sleep(1);
            Nature nature = MemberRecords.nature(record.value());
            if (allFail || nature == Nature.NEVER || nature == Nature.BAD_DAY && attempt <= BAD_ATTEMPTS)
                throw new IllegalStateException("attempt " + attempt + " fails, as it should");
        } catch (Exception e) {
            notes.add(Kind.FAILED, record.partition(), record.key(), record.offset(), attempt);
            throw e;
        }
        notes.add(Kind.END, record.partition(), record.key(), record.offset(), attempt);
    }

    private void work(ConsumerRecord<Integer, byte[]> record) throws InterruptedException {
        while (handsTied && MemberRecords.nature(record.value()) == Nature.HANGS)
            TimeUnit.MILLISECONDS.sleep(1);
        // Some take their time, so that at every moment there is something to overtake, to be left behind, and to be committed too early.
        long mixed = (record.offset() + 1) * 0x9E3779B97F4A7C15L >>> 40;
        if (mixed % VERY_FEW == 0)
            LockSupport.parkNanos(VERY_LONG_NS);
        else if (mixed % FEW == 0)
            LockSupport.parkNanos(LONG_NS);
    }

    private final class Noting implements RebalanceListener {

        private void all(Kind kind, Collection<TopicPartition> partitions) {
            for (TopicPartition partition : partitions)
                notes.add(kind, partition.partition(), 0, -1, System.currentTimeMillis());
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            all(Kind.ASSIGNED, partitions);
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            all(Kind.REVOKED, partitions);
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> partitions) {
            all(Kind.LOST, partitions);
        }
    }

    /** Notes what is acknowledged before the consumer hears of it. */
    @SuppressWarnings("unchecked") // a proxy knows no types
    private Producer<byte[], byte[]> noting(Producer<byte[], byte[]> producer) {
        return (Producer<byte[], byte[]>) Proxy.newProxyInstance(MemberMain.class.getClassLoader(), new Class<?>[] {Producer.class},
                (proxy, method, args) -> {
                    if (method.getName().equals("send") && args.length == 2)
                        args[1] = noting((ProducerRecord<byte[], byte[]>) args[0], (Callback) args[1]);
                    try {
                        return method.invoke(producer, args);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private Callback noting(ProducerRecord<byte[], byte[]> letter, Callback told) {
        int partition = number(letter, DeadLetters.PARTITION);
        long offset = number(letter, DeadLetters.OFFSET);
        int key = new IntegerDeserializer().deserialize(letter.topic(), letter.key());
        return (metadata, e) -> {
            if (e == null)
                notes.add(Kind.DEAD, partition, key, offset, 0);
            told.onCompletion(metadata, e);
        };
    }

    private static int number(ProducerRecord<byte[], byte[]> letter, String header) {
        return Integer.parseInt(new String(letter.headers().lastHeader(header).value(), StandardCharsets.UTF_8));
    }
}
