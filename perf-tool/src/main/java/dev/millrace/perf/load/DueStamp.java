package dev.millrace.perf.load;

import java.nio.ByteBuffer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;

/**
 * When a record was due, in a header of it: nanoseconds of this process's {@link System#nanoTime}, which mean nothing to any
 * other process.
 */
public final class DueStamp {
    private static final String HEADER = "millrace-perf-due";

    private DueStamp() {
    }

    static void put(ProducerRecord<byte[], byte[]> record, long dueNs) {
        record.headers().add(HEADER, ByteBuffer.allocate(Long.BYTES).putLong(dueNs).array());
    }

    /** @return {@link Long#MIN_VALUE} for a record without a stamp */
    public static long of(ConsumerRecord<?, ?> record) {
        Header header = record.headers().lastHeader(HEADER);
        return header == null || header.value().length != Long.BYTES ? Long.MIN_VALUE : ByteBuffer.wrap(header.value()).getLong();
    }
}
