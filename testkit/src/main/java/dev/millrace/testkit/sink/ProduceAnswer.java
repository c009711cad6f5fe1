package dev.millrace.testkit.sink;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Errors;

/**
 * Answers produce requests of versions 3 to 13, in one pass over the request: the response has the request's skeleton.
 * Of the records it looks at the batches' headers only. Sink's thread only.
 */
final class ProduceAnswer {
    private static final int FIRST_FLEXIBLE = 9;
    private static final int FIRST_WITH_RECORD_ERRORS = 8;
    private static final int FIRST_WITH_LOG_START = 5;
    private static final int FIRST_WITH_TOPIC_IDS = 13;
    /** Index, error, three offsets and times, no record errors, no message, tags: the most a partition takes. */
    private static final int PARTITION_BYTES = 4 + 2 + 3 * 8 + 4 + 2 + 1;

    private final SinkTopics topics;
    private final SinkCounters counters;

    ProduceAnswer(SinkTopics topics, SinkCounters counters) {
        this.topics = topics;
        this.counters = counters;
    }

    /** Reads a request from its first byte after the size. */
    void answer(ByteBuffer in, ResponseBuffer out, long dueNs) {
        in.getShort(); // the API's key
        int version = in.getShort();
        if (version < SinkOptions.MIN_PRODUCE_VERSION || version > SinkOptions.MAX_PRODUCE_VERSION) {
            throw new IllegalArgumentException("a produce request of version " + version);
        }
        boolean flexible = version >= FIRST_FLEXIBLE;
        int correlationId = in.getInt();
        Wire.skipString(in, false); // client id
        if (flexible) {
            Wire.skipTags(in);
        }
        Wire.skipString(in, flexible); // transactional id
        int acks = in.getShort();
        in.getInt(); // timeout
        out.begin(correlationId, flexible);
        int count = Wire.arrayLength(in, flexible);
        Wire.putArrayLength(out.room(5), flexible, count);
        for (int i = 0; i < count; i++) {
            topic(in, out, version, flexible);
        }
        ByteBuffer end = out.room(5).putInt(0); // throttle time
        if (flexible) {
            Wire.skipTags(in);
            Wire.putNoTags(end);
        }
        if (in.hasRemaining()) {
            throw new IllegalArgumentException("a produce request with " + in.remaining() + " bytes too many");
        }
        counters.produceRequests++;
        if (acks == 0) {
            out.discard();
        } else {
            out.end(dueNs);
        }
    }

    private void topic(ByteBuffer in, ResponseBuffer out, int version, boolean flexible) {
        SinkTopics.Topic topic = version >= FIRST_WITH_TOPIC_IDS ? topicById(in, out) : topicByName(in, out, flexible);
        Errors unknown = version >= FIRST_WITH_TOPIC_IDS ? Errors.UNKNOWN_TOPIC_ID : Errors.UNKNOWN_TOPIC_OR_PARTITION;
        int count = Wire.arrayLength(in, flexible);
        Wire.putArrayLength(out.room(5), flexible, count);
        for (int i = 0; i < count; i++) {
            int partition = in.getInt();
            int records = records(in, flexible);
            if (flexible) {
                Wire.skipTags(in);
            }
            Errors error = topic == null ? unknown : Errors.UNKNOWN_TOPIC_OR_PARTITION;
            long baseOffset = -1;
            if (topic != null && partition >= 0 && partition < topic.partitions()) {
                error = Errors.NONE;
                baseOffset = topic.endOffsets[partition];
                topic.endOffsets[partition] = baseOffset + records;
                counters.records += records;
            }
            partition(out.room(PARTITION_BYTES), version, partition, error, baseOffset);
        }
        if (flexible) {
            Wire.skipTags(in);
            Wire.putNoTags(out.room(1));
        }
    }

    private SinkTopics.Topic topicById(ByteBuffer in, ResponseBuffer out) {
        long high = in.getLong();
        long low = in.getLong();
        out.room(16).putLong(high).putLong(low);
        return topics.withId(new Uuid(high, low));
    }

    private SinkTopics.Topic topicByName(ByteBuffer in, ResponseBuffer out, boolean flexible) {
        String name = Wire.string(in, flexible);
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        ByteBuffer to = out.room(5 + bytes.length);
        if (flexible) {
            Wire.putUnsignedVarint(to, bytes.length + 1);
        } else {
            to.putShort((short) bytes.length);
        }
        to.put(bytes);
        return topics.named(name);
    }

    /** Passes over a partition's records; returns how many there are. */
    private int records(ByteBuffer in, boolean flexible) {
        int length = Wire.arrayLength(in, flexible);
        if (length <= 0) {
            return 0;
        }
        int start = in.position();
        Wire.skip(in, length);
        int records = 0;
        int batches = 0;
        for (int at = start; at + RecordBatchHeader.SIZE <= start + length; ) {
            batches++;
            records += in.getInt(at + RecordBatchHeader.COUNT);
            int rest = in.getInt(at + RecordBatchHeader.LENGTH);
            if (rest <= 0) {
                throw new IllegalArgumentException("a record batch of length " + rest);
            }
            at += RecordBatchHeader.BEFORE_LENGTH_COUNTS + rest;
        }
        counters.batches += batches;
        counters.recordBytes += length;
        return records;
    }

    private static void partition(ByteBuffer out, int version, int partition, Errors error, long baseOffset) {
        out.putInt(partition).putShort(error.code()).putLong(baseOffset).putLong(-1); // no log append time
        if (version >= FIRST_WITH_LOG_START) {
            out.putLong(0);
        }
        if (version >= FIRST_FLEXIBLE) {
            out.put((byte) 1).put((byte) 0).put((byte) 0); // no record errors, no message, no tags
        } else if (version >= FIRST_WITH_RECORD_ERRORS) {
            out.putInt(0).putShort((short) -1);
        }
    }
}
