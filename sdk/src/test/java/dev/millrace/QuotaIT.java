package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.testkit.KafkaCluster;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** A quota that is set and taken away while a producer sends: it is slowed down and not hurt, and says by how much. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(90)
class QuotaIT {

    private static final int RECORD_BYTES = 2_000;
    private static final double BYTES_PER_SECOND = 40_000;
    private static KafkaCluster cluster;

    @BeforeAll
    static void start() {
        // A quota is measured over two seconds, so that a broker soon notices, and soon forgets.
        cluster = KafkaCluster.builder().brokerProperty("quota.window.num", "2").start();
    }

    @AfterAll
    static void stop() {
        if (cluster != null)
            cluster.close();
    }

    @OverBothClients
    void shouldBeSlowedDownByItsQuotaAndTellOfIt(Client client) throws Exception {
        String topic = "throttled-" + client;
        cluster.createTopic(topic, 1, 1);
        cluster.endOffsets(topic);
        List<Integer> called = new ArrayList<>();
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        // Metrics of a second, for what was is not to hide what is.
        try (Producer<String, String> producer = client.producer(TestConfig.strings(cluster, "client.id", topic, "linger.ms", 0,
                "batch.size", 5 * RECORD_BYTES, "metrics.sample.window.ms", 1000, "metrics.num.samples", 2))) {
            producer.send(new ProducerRecord<>(topic, "before")).get();
            assertEquals(0.0, throttleMs(producer, "produce-throttle-time-max"));

            setQuota(topic, BYTES_PER_SECOND);
            double mostMs = 0;
            for (int i = 0; i < 100; i++) {
                int n = i;
                sent.add(producer.send(new ProducerRecord<>(topic, 0, "" + i, "x".repeat(RECORD_BYTES)),
                        (metadata, e) -> called.add(e == null ? n : -1)));
                if (i % 10 == 9) {
                    sent.get(i).get();
                    mostMs = Math.max(mostMs, throttleMs(producer, "produce-throttle-time-max"));
                    assertTrue(throttleMs(producer, "produce-throttle-time-avg") <= mostMs);
                }
            }
            producer.flush();
            assertTrue(mostMs > 0, "no answer told of a quota");

            setQuota(topic, null);
            // The broker answers once more that it is throttled, perhaps; then never again, and the metric forgets.
            do {
                producer.send(new ProducerRecord<>(topic, "x".repeat(RECORD_BYTES))).get();
            } while (throttleMs(producer, "produce-throttle-time-max") != 0.0);
        }
        assertEquals(IntStream.range(0, 100).boxed().toList(), called);
        for (int i = 0; i < 100; i++)
            assertEquals(1 + i, sent.get(i).get().offset());
    }

    private static double throttleMs(Producer<?, ?> producer, String name) {
        return producer.metrics().entrySet().stream()
                .filter(entry -> entry.getKey().name().equals(name) && entry.getKey().group().equals("producer-metrics"))
                .mapToDouble(entry -> (double) entry.getValue().metricValue()).findFirst().orElseThrow();
    }

    /** @param bytesPerSecond null takes the quota away */
    private static void setQuota(String clientId, Double bytesPerSecond) throws InterruptedException, ExecutionException {
        cluster.admin().alterClientQuotas(List.of(new ClientQuotaAlteration(
                new ClientQuotaEntity(Map.of(ClientQuotaEntity.CLIENT_ID, clientId)),
                List.of(new ClientQuotaAlteration.Op("producer_byte_rate", bytesPerSecond))))).all().get();
    }
}
