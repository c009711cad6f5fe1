package dev.millrace.faults;

import dev.millrace.Client;
import dev.millrace.TestConfig;
import dev.millrace.testkit.DeliveryLedger;
import dev.millrace.testkit.KafkaCluster;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Writes what is to be copied, a little all the time, so that there always is something to copy; what was written, the copy owes. */
final class CopyFeed implements AutoCloseable {

    private static final int KEYS = 500;
    private static final int VALUE_SIZE = 100;
    private static final int BURST = 250;
    private static final long PAUSE_MS = 50;

    private final DeliveryLedger ledger = new DeliveryLedger();
    private final KafkaCluster kafka;
    private final String topic;
    private final long pauseMs;
    private final Thread thread = new Thread(this::feed, "feed");
    /** Written by the feeding thread. */
    private volatile int written;
    private volatile boolean stopped;

    CopyFeed(KafkaCluster kafka, String topic) {
        this(kafka, topic, PAUSE_MS);
    }

    /** @param pauseMs between two bursts */
    CopyFeed(KafkaCluster kafka, String topic, long pauseMs) {
        this.kafka = kafka;
        this.topic = topic;
        this.pauseMs = pauseMs;
        thread.start();
    }

    private void feed() {
        try (Producer<byte[], byte[]> producer = Client.KAFKA.producer(TestConfig.bytes(kafka))) {
            while (!stopped) {
                for (int i = 0; i < BURST; i++)
                    send(producer);
                TimeUnit.MILLISECONDS.sleep(pauseMs);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void send(Producer<byte[], byte[]> producer) {
        byte[] key = ("key-" + written % KEYS).getBytes();
        long id = ledger.sending(0, null, key);
        producer.send(new ProducerRecord<>(topic, key, ledger.value(id, VALUE_SIZE)), (metadata, e) -> {
            if (e == null)
                ledger.acked(id, metadata.partition(), -1); // its offset in the copy is another
            else
                ledger.failed(id, e);
        });
        written = written + 1; // one thread writes it
    }

    DeliveryLedger ledger() {
        return ledger;
    }

    /** Goes on until so many records were written; returns how many there are. */
    int stopAfter(int records) throws InterruptedException {
        while (written < records && thread.isAlive())
            TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
        close();
        thread.join();
        return written;
    }

    @Override
    public void close() {
        stopped = true;
    }
}
