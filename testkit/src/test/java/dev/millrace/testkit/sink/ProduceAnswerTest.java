package dev.millrace.testkit.sink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.util.Iterator;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.requests.ResponseHeader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is written by hand must be what Kafka's own classes read, in every version. */
class ProduceAnswerTest {
    private static final int CORRELATION_ID = 4711;

    private final SinkTopics topics = new SinkTopics(Map.of("orders", 3, "ledger", 1), 0);
    private final SinkCounters counters = new SinkCounters();
    private final ProduceAnswer answer = new ProduceAnswer(topics, counters);
    private final ResponseBuffer out = new ResponseBuffer();

    static Iterator<Short> versions() {
        return ApiKeys.PRODUCE.allVersions().iterator();
    }

    private TopicProduceData topic(String name, int... partitionAndRecords) {
        SinkTopics.Topic known = topics.named(name);
        TopicProduceData data = new TopicProduceData().setName(name)
                .setTopicId(known == null ? Uuid.randomUuid() : known.id);
        for (int i = 0; i < partitionAndRecords.length; i += 2) {
            byte[] batch = PreparedBatch.of(partitionAndRecords[i + 1], 10);
            data.partitionData().add(new PartitionProduceData().setIndex(partitionAndRecords[i])
                    .setRecords(MemoryRecords.readableRecords(ByteBuffer.wrap(batch))));
        }
        return data;
    }

    private static ByteBuffer bytes(ProduceRequestData request, short version) {
        RequestHeaderData headerData = new RequestHeaderData().setRequestApiKey(ApiKeys.PRODUCE.id)
                .setRequestApiVersion(version).setCorrelationId(CORRELATION_ID).setClientId("a test");
        short headerVersion = ApiKeys.PRODUCE.requestHeaderVersion(version);
        ByteBuffer header = MessageUtil.toByteBufferAccessor(headerData, headerVersion).buffer();
        ByteBuffer body = MessageUtil.toByteBufferAccessor(request, version).buffer();
        return ByteBuffer.allocateDirect(header.remaining() + body.remaining()).put(header).put(body).flip();
    }

    private ProduceResponseData response(short version) throws IOException {
        ByteArrayOutputStream sent = new ByteArrayOutputStream();
        out.flush(Channels.newChannel(sent), 0);
        ByteBuffer in = ByteBuffer.wrap(sent.toByteArray());
        assertEquals(in.remaining() - 4, in.getInt());
        ResponseHeader header = ResponseHeader.parse(in, ApiKeys.PRODUCE.responseHeaderVersion(version));
        assertEquals(CORRELATION_ID, header.correlationId());
        ProduceResponseData data = new ProduceResponseData(new ByteBufferAccessor(in), version);
        assertFalse(in.hasRemaining());
        return data;
    }

    private static ProduceRequestData request(int acks, TopicProduceData... topics) {
        ProduceRequestData request = new ProduceRequestData().setAcks((short) acks).setTimeoutMs(30_000);
        for (TopicProduceData topic : topics) {
            request.topicData().add(topic);
        }
        return request;
    }

    private static PartitionProduceResponse partition(ProduceResponseData data, int topic, int index) {
        Iterator<TopicProduceResponse> topics = data.responses().iterator();
        TopicProduceResponse found = topics.next();
        for (int i = 0; i < topic; i++) {
            found = topics.next();
        }
        return found.partitionResponses().get(index);
    }

    @ParameterizedTest
    @MethodSource("versions")
    void shouldAcknowledgeEveryPartitionAndCount(short version) throws IOException {
        ProduceRequestData request = request(-1, topic("orders", 0, 5, 2, 7), topic("ledger", 0, 1));
        ByteBuffer bytes = bytes(request, version);
        int recordBytes = PreparedBatch.of(5, 10).length + PreparedBatch.of(7, 10).length
                + PreparedBatch.of(1, 10).length;
        answer.answer(bytes.duplicate(), out, 0);
        response(version);
        answer.answer(bytes, out, 0);
        assertFalse(bytes.hasRemaining(), "the whole request was read");
        ProduceResponseData data = response(version);
        assertEquals(2, data.responses().size());
        assertEquals(2, partition(data, 0, 1).index());
        assertEquals(Errors.NONE.code(), partition(data, 0, 1).errorCode());
        assertEquals(7, partition(data, 0, 1).baseOffset(), "offsets count up");
        assertEquals(5, partition(data, 0, 0).baseOffset());
        assertEquals(1, partition(data, 1, 0).baseOffset());
        assertEquals(-1, partition(data, 1, 0).logAppendTimeMs());
        assertNull(partition(data, 1, 0).errorMessage());
        TopicProduceResponse first = data.responses().iterator().next();
        if (version >= 13) {
            assertEquals(topics.named("orders").id, first.topicId());
        } else {
            assertEquals("orders", first.name());
        }
        assertEquals(new SinkStats(0, 0, 2, 6, 26, 2L * recordBytes, 0, 0, 0), counters.stats());
    }

    @ParameterizedTest
    @MethodSource("versions")
    void shouldSayWhatDoesNotExist(short version) throws IOException {
        answer.answer(bytes(request(1, topic("nowhere", 0, 1), topic("orders", 3, 1, 1, 1)), version), out, 0);
        ProduceResponseData data = response(version);
        Errors noTopic = version >= 13 ? Errors.UNKNOWN_TOPIC_ID : Errors.UNKNOWN_TOPIC_OR_PARTITION;
        assertEquals(noTopic.code(), partition(data, 0, 0).errorCode());
        assertEquals(-1, partition(data, 0, 0).baseOffset());
        assertEquals(Errors.UNKNOWN_TOPIC_OR_PARTITION.code(), partition(data, 1, 0).errorCode());
        assertEquals(Errors.NONE.code(), partition(data, 1, 1).errorCode());
        assertEquals(1, counters.records, "only what was taken counts");
    }

    @ParameterizedTest
    @MethodSource("versions")
    void shouldNotRespondWhenNoAcknowledgementIsAskedFor(short version) throws IOException {
        answer.answer(bytes(request(0, topic("orders", 0, 5)), version), out, 0);
        assertEquals(0, out.pending());
        assertEquals(5, counters.records);
        answer.answer(bytes(request(1, topic("orders", 0, 5)), version), out, 0);
        assertEquals(5, partition(response(version), 0, 0).baseOffset());
    }

    @Test
    void shouldAnswerRequestsOfManyPartitionsWithLongNames() throws IOException {
        SinkTopics many = new SinkTopics(Map.of(), 2_000);
        int[] partitions = new int[4_000];
        for (int i = 0; i < 2_000; i++) {
            partitions[2 * i] = i;
            partitions[2 * i + 1] = 1;
        }
        String name = "n".repeat(249);
        new ProduceAnswer(many, counters).answer(bytes(request(1, topic(name, partitions)), (short) 12), out, 0);
        ProduceResponseData data = response((short) 12);
        assertEquals(name, data.responses().iterator().next().name());
        assertEquals(1_999, partition(data, 0, 1_999).index());
        assertEquals(2_000, counters.records);
    }

    /** Bytes that are no request end in an exception, never in a hang. */
    @Test
    void shouldThrowWhenTheRequestIsCutOrChanged() {
        long seed = new Random().nextLong();
        System.out.println("ProduceAnswerTest seed " + seed);
        Random random = new Random(seed);
        for (short version : ApiKeys.PRODUCE.allVersions()) {
            ByteBuffer whole = bytes(request(1, topic("orders", 0, 5, 1, 2)), version);
            for (int length = 0; length < whole.limit(); length++) {
                ByteBuffer cut = whole.duplicate().limit(length);
                assertThrows(RuntimeException.class, () -> answer.answer(cut, new ResponseBuffer(), 0));
            }
            int thrown = 0;
            for (int i = 0; i < 2_000; i++) {
                ByteBuffer changed = ByteBuffer.allocate(whole.limit()).put(whole.duplicate()).flip();
                for (int b = 0; b < 3; b++) {
                    changed.put(2 + random.nextInt(changed.limit() - 2), (byte) random.nextInt());
                }
                try {
                    answer.answer(changed, new ResponseBuffer(), 0);
                } catch (RuntimeException e) {
                    thrown++;
                }
            }
            assertTrue(thrown > 0);
        }
    }
}
