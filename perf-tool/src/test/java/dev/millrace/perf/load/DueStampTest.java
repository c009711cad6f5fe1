package dev.millrace.perf.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

class DueStampTest {
    private static ConsumerRecord<byte[], byte[]> received(Headers headers) {
        return new ConsumerRecord<>("t", 0, 0, 0, TimestampType.CREATE_TIME, 0, 0, null, null, headers, Optional.empty());
    }

    @Test
    void shouldTravelWithTheRecord() {
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>("t", new byte[3]);
        DueStamp.put(record, -123_456_789_012L);
        assertEquals(-123_456_789_012L, DueStamp.of(received(record.headers())));
    }

    @Test
    void shouldNotBeMadeUp() {
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>("t", new byte[3]);
        assertEquals(Long.MIN_VALUE, DueStamp.of(received(record.headers())));
        record.headers().add("millrace-perf-due", new byte[3]);
        assertEquals(Long.MIN_VALUE, DueStamp.of(received(record.headers())));
    }

    @Test
    void shouldBePutOnlyWhereItIsAskedFor() {
        try (MockProducer<byte[], byte[]> producer = new MockProducer<>(true, null, new ByteArraySerializer(),
                new ByteArraySerializer())) {
            Ack ack = new Ack(new AckRecorder(Clock.SYSTEM, true), 77, 78);
            new PlainSends(producer).send(new ProducerRecord<>("t", new byte[1]), ack);
            new PlainSends(producer, true).send(new ProducerRecord<>("t", new byte[1]), ack);
            assertFalse(producer.history().get(0).headers().iterator().hasNext());
            assertEquals(77, DueStamp.of(received(producer.history().get(1).headers())));
        }
    }
}
