package dev.millrace.faults;

import dev.millrace.faults.MemberRecords.Nature;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.IntegerSerializer;

/** Writes keyed records, a little all the time, so that there always is something to handle. */
final class ConsumerFeed implements AutoCloseable {

    private static final int KEYS = 3_000;
    private static final long PAUSE_MS = 20;

    private final String bootstrapServers;
    private final String topic;
    private final int burst;
    private final IntFunction<Nature> natures;
    private final Random random;
    private final Thread thread = new Thread(this::feed, "feed");
    /** Written by the feeding thread. */
    private volatile int written;
    private volatile Exception failure;
    /** Written by the test's thread; so many at full speed, and then no more. */
    private volatile int last = Integer.MAX_VALUE;
    private volatile boolean hurries;

    /** @param natures of the records, by their number */
    ConsumerFeed(String bootstrapServers, String topic, int recordsPerSecond, IntFunction<Nature> natures, long seed) {
        this.bootstrapServers = bootstrapServers;
        this.topic = topic;
        this.natures = natures;
        this.burst = (int) Math.max(1, recordsPerSecond * PAUSE_MS / 1_000);
        this.random = new Random(seed);
        thread.start();
    }

    private void feed() {
        try (KafkaProducer<Integer, byte[]> producer = new KafkaProducer<>(Map.of("bootstrap.servers", bootstrapServers,
                "key.serializer", IntegerSerializer.class, "value.serializer", ByteArraySerializer.class, "linger.ms", 5,
                // Records twice or in another order are as good as any; without sequences there is nothing to wait for when one is late.
                "enable.idempotence", false, "max.block.ms", 120_000, "request.timeout.ms", 5_000, "delivery.timeout.ms", 600_000,
                "reconnect.backoff.max.ms", 200))) {
            while (written < last) {
                for (int i = 0; i < burst && written < last; i++)
                    send(producer);
                if (!hurries)
                    TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void send(KafkaProducer<Integer, byte[]> producer) {
        producer.send(new ProducerRecord<>(topic, random.nextInt(KEYS), MemberRecords.value(natures.apply(written))), (metadata, e) -> {
            if (e != null)
                failure = e;
        });
        written = written + 1; // one thread writes it
    }

    int written() {
        return written;
    }

    /** Goes on until so many records were written, at full speed; all are acknowledged then. */
    void stopAfter(int records) throws InterruptedException {
        last = Math.max(records, written);
        hurries = true;
        thread.join();
        if (failure != null)
            throw new IllegalStateException("the feed failed", failure);
    }

    @Override
    public void close() {
        last = 0;
    }
}
