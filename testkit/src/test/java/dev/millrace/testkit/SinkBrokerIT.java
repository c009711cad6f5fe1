package dev.millrace.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.testkit.sink.SinkStats;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The sink in a process of its own. */
@Timeout(120)
class SinkBrokerIT {
    @Test
    void shouldServeProducersAndConsumersAndEndOnClose() throws Exception {
        SinkBroker sink = SinkBroker.builder().topic("orders", 4).brokers(2).delay(Duration.ofMillis(3))
                .fetchRecords(100, 50).fetchBatches(20).start();
        ProcessHandle process = ProcessHandle.of(sink.pid()).orElseThrow();
        assertNotEquals(ProcessHandle.current(), process);
        try (sink) {
            try (KafkaProducer<byte[], byte[]> producer = SinkBrokerTest.producer(sink, Map.of("linger.ms", 5))) {
                SinkBrokerTest.send(producer, 50_000);
            }
            SinkStats stats = sink.stats();
            assertEquals(50_000, stats.records());
            assertTrue(stats.recordBytes() > 5_000_000, stats.toString());
            assertEquals(0, stats.broken());
            try (KafkaConsumer<byte[], byte[]> consumer = SinkBrokerTest.consumer(sink, Map.of())) {
                consumer.assign(SinkBrokerTest.partitions(4));
                int read = 0;
                while (read < 8_000) {
                    read += consumer.poll(Duration.ofSeconds(10)).count();
                }
                assertEquals(8_000, read);
            }
        }
        assertFalse(process.isAlive());
        UncheckedIOException error = assertThrows(UncheckedIOException.class, sink::stats);
        assertTrue(error.getMessage().contains("sink-broker"), error.getMessage());
        sink.close();
    }

    @Test
    void shouldRefuseBadSettingsBeforeStartingAProcess() {
        assertThrows(IllegalArgumentException.class, () -> SinkBroker.builder().topic("orders", 0).start());
        assertThrows(IllegalArgumentException.class, () -> SinkBroker.builder().brokers(0).start());
    }
}
