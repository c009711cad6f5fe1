package dev.millrace.consumer.testing;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;

/** What a partition holds, as a broker would. */
final class PartitionLog {

    static final Optional<Integer> LEADER_EPOCH = Optional.of(0);

    private final TopicPartition partition;
    private final NavigableMap<Long, ProducerRecord<byte[], byte[]>> records = new TreeMap<>();
    private long end;

    PartitionLog(TopicPartition partition) {
        this.partition = partition;
    }

    /** @param record with a timestamp */
    long append(ProducerRecord<byte[], byte[]> record) {
        records.put(end, record);
        return end++;
    }

    /** Uses up offsets that no record has. */
    void skip(int offsets) {
        end += offsets;
    }

    void clear() {
        records.clear();
        end = 0;
    }

    long end() {
        return end;
    }

    /** The first offset whose record is not older; the end when there is none. */
    long firstSince(long timestampMs) {
        return records.entrySet().stream().filter(entry -> entry.getValue().timestamp() >= timestampMs)
                .map(NavigableMap.Entry::getKey).findFirst().orElse(end);
    }

    /** Records from an offset on, at most so many, as Kafka's consumer would give them out: each time with buffers of their own. */
    List<ConsumerRecord<ByteBuffer, ByteBuffer>> read(long from, int most) {
        List<ConsumerRecord<ByteBuffer, ByteBuffer>> read = new ArrayList<>();
        for (var entry : records.tailMap(from).entrySet()) {
            if (read.size() == most)
                break;
            ProducerRecord<byte[], byte[]> record = entry.getValue();
            read.add(new ConsumerRecord<>(partition.topic(), partition.partition(), entry.getKey(), record.timestamp(),
                    TimestampType.CREATE_TIME, size(record.key()), size(record.value()), buffer(record.key()), buffer(record.value()),
                    new RecordHeaders(record.headers()), LEADER_EPOCH));
        }
        return read;
    }

    private static int size(byte[] bytes) {
        return bytes == null ? ConsumerRecord.NULL_SIZE : bytes.length;
    }

    private static ByteBuffer buffer(byte[] bytes) {
        return bytes == null ? null : ByteBuffer.wrap(bytes);
    }
}
