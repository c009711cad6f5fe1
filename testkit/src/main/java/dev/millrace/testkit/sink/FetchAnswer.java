package dev.millrace.testkit.sink;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.RequestHeader;

/**
 * Answers fetch requests of versions 13 to 18 with the prepared batch, as often as the request's limits allow. It keeps
 * no fetch sessions, so every request names all its partitions. The response is written by hand, for Kafka's classes
 * would want all batches in memory at once. Sink's thread only.
 */
final class FetchAnswer {
    static final short MIN_VERSION = 13;
    static final short MAX_VERSION = 18;
    /** Index, error, three offsets, no aborted transactions, preferred replica, length of the records, tags. */
    private static final int PARTITION_BYTES = 4 + 2 + 3 * 8 + 1 + 4 + 5 + 1;

    private final SinkTopics topics;
    private final PreparedBatch batch; // null: nothing to fetch
    private final SinkCounters counters;

    FetchAnswer(SinkTopics topics, PreparedBatch batch, SinkCounters counters) {
        this.topics = topics;
        this.batch = batch;
        this.counters = counters;
    }

    /**
     * Reads a request from its first byte after the size; a response with no records waits as long as the client asks.
     */
    void answer(ByteBuffer in, ResponseBuffer out, long dueNs) {
        RequestHeader header = RequestHeader.parse(in);
        if (header.apiVersion() < MIN_VERSION || header.apiVersion() > MAX_VERSION) {
            throw new IllegalArgumentException("a fetch request of version " + header.apiVersion());
        }
        FetchRequestData request = new FetchRequestData(new ByteBufferAccessor(in), header.apiVersion());
        out.begin(header.correlationId(), ApiKeys.FETCH.responseHeaderVersion(header.apiVersion()) > 0);
        ByteBuffer to = out.room(4 + 2 + 4 + 5).putInt(0).putShort((short) 0).putInt(0); // throttle, error, no session
        Wire.putUnsignedVarint(to, request.topics().size() + 1);
        int bytes = 0;
        for (FetchRequestData.FetchTopic topic : request.topics()) {
            to = out.room(16 + 5).putLong(topic.topicId().getMostSignificantBits())
                    .putLong(topic.topicId().getLeastSignificantBits());
            Wire.putUnsignedVarint(to, topic.partitions().size() + 1);
            SinkTopics.Topic known = topics.withId(topic.topicId());
            for (FetchRequestData.FetchPartition partition : topic.partitions()) {
                bytes += partition(out, known, partition, request.maxBytes() - bytes, bytes == 0);
            }
            Wire.putNoTags(out.room(1));
        }
        Wire.putNoTags(out.room(1));
        counters.fetchRequests++;
        counters.fetchedBytes += bytes;
        out.end(bytes > 0 ? dueNs : dueNs + TimeUnit.MILLISECONDS.toNanos(request.maxWaitMs()));
    }

    private int partition(ResponseBuffer out, SinkTopics.Topic topic, FetchRequestData.FetchPartition asked, int room,
                          boolean first) {
        Errors error = Errors.NONE;
        long end = -1;
        int batches = 0;
        if (topic == null) {
            error = Errors.UNKNOWN_TOPIC_ID;
        } else if (asked.partition() < 0 || asked.partition() >= topic.partitions()) {
            error = Errors.UNKNOWN_TOPIC_OR_PARTITION;
        } else {
            end = batch == null ? topic.endOffsets[asked.partition()] : batch.endOffset();
            if (asked.fetchOffset() < 0 || asked.fetchOffset() > end) {
                error = Errors.OFFSET_OUT_OF_RANGE;
            } else if (batch != null && asked.fetchOffset() < end) {
                int limit = Math.max(0, Math.min(asked.partitionMaxBytes(), room));
                batches = batch.batchesFrom(asked.fetchOffset(), limit);
                if (batches == 0 && first) {
                    batches = 1; // a batch larger than the limits must not stop the consumer
                }
            }
        }
        int bytes = batches == 0 ? 0 : batches * batch.size();
        ByteBuffer to = out.room(PARTITION_BYTES + bytes);
        to.putInt(asked.partition()).putShort(error.code());
        to.putLong(end).putLong(end).putLong(0); // high watermark, last stable offset, log start
        to.put((byte) 0).putInt(-1); // no aborted transactions, no other replica to read from
        Wire.putUnsignedVarint(to, bytes + 1);
        if (batches > 0) {
            batch.write(to, asked.fetchOffset(), batches);
        }
        Wire.putNoTags(to);
        return bytes;
    }
}
