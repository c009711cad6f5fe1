package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.millrace.FakeBroker.Answer;
import dev.millrace.FakeBroker.Question;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseBroker;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.message.ProduceResponseData.BatchIndexAndErrorMessage;
import org.apache.kafka.common.message.ProduceResponseData.LeaderIdAndEpoch;
import org.apache.kafka.common.message.ProduceResponseData.NodeEndpoint;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.ApiVersionsResponse;
import org.apache.kafka.common.requests.InitProducerIdResponse;
import org.apache.kafka.common.requests.MetadataResponse;
import org.apache.kafka.common.requests.ProduceResponse;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A broker that answers what no broker should. While it does, no caller waits longer than its time-outs, every future ends
 * once, and the sender neither spins nor opens connections without end; when it tells the truth again the next record is
 * acknowledged, all memory is back, and {@code close} leaves nothing behind.
 */
@ExtendWith(NothingLeftBehind.class)
@Timeout(120)
class HostileBrokerIT {

    private static final long SEED = 20261121;
    private static final int MAX_BLOCK_MS = 100;
    private static final int DELIVERY_TIMEOUT_MS = 600;
    /** Longer than any of the producer's time-outs, for a machine that is busy; what takes longer hangs. */
    private static final long HANGS_MS = 15_000;
    private static final int RECORDS = 12;
    private static final int MAX_CONNECTIONS_PER_SECOND = 150;

    private static final List<ApiKeys> APIS = List.of(ApiKeys.API_VERSIONS, ApiKeys.METADATA, ApiKeys.INIT_PRODUCER_ID,
            ApiKeys.PRODUCE);

    // ---------------------------------------------------------------- bytes that are no answer

    private interface Bytes {
        byte[] of(Question question, SplittableRandom random);
    }

    static Stream<Arguments> noAnswers() {
        Map<String, Bytes> kinds = new TreeMap<>();
        kinds.put("random bytes", (question, random) -> bytes(random, 200));
        kinds.put("random bytes in a frame", (question, random) -> framed(bytes(random, 1 + random.nextInt(200))));
        kinds.put("random bytes for a body", (question, random) -> {
            byte[] frame = question.frame();
            byte[] noise = bytes(random, frame.length);
            System.arraycopy(frame, 0, noise, 0, 2 * Integer.BYTES);
            return noise;
        });
        kinds.put("an answer with one byte changed", (question, random) -> {
            byte[] frame = question.frame();
            frame[2 * Integer.BYTES + random.nextInt(frame.length - 2 * Integer.BYTES)] ^= (byte) (1 + random.nextInt(255));
            // That is another test's: it is obeyed.
            return throttles(question, frame) ? question.frame() : frame;
        });
        kinds.put("an answer cut short in its frame", (question, random) -> {
            byte[] frame = question.frame();
            return framed(Arrays.copyOfRange(frame, Integer.BYTES, Integer.BYTES + random.nextInt(frame.length - Integer.BYTES)));
        });
        kinds.put("an answer to another request", (question, random) ->
                question.frame(question.truth(), question.header().correlationId() + 1 + random.nextInt(1000)));
        kinds.put("an answer twice", (question, random) -> {
            byte[] frame = question.frame();
            byte[] twice = Arrays.copyOf(frame, 2 * frame.length);
            System.arraycopy(frame, 0, twice, frame.length, frame.length);
            return twice;
        });
        kinds.put("a size of 0", (question, random) -> sized(0));
        kinds.put("a size of 1", (question, random) -> sized(1));
        kinds.put("a negative size", (question, random) -> sized(Integer.MIN_VALUE));
        kinds.put("a size of 2 GiB", (question, random) -> sized(Integer.MAX_VALUE));
        kinds.put("a broken connection", (question, random) -> null);
        kinds.put("silence", (question, random) -> new byte[0]);
        return APIS.stream().flatMap(api -> kinds.entrySet().stream().map(kind ->
                arguments(kind.getKey() + " to " + api, api, kind.getValue())));
    }

    private static boolean throttles(Question question, byte[] frame) {
        try {
            return AbstractResponse.parseResponse(ByteBuffer.wrap(frame, Integer.BYTES, frame.length - Integer.BYTES),
                    question.header()).throttleTimeMs() > 0;
        } catch (RuntimeException e) {
            return false;
        }
    }

    private static byte[] bytes(SplittableRandom random, int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] framed(byte[] body) {
        return ByteBuffer.allocate(Integer.BYTES + body.length).putInt(body.length).put(body).array();
    }

    /** A frame that says it has some bytes, and has eight. */
    private static byte[] sized(int size) {
        return ByteBuffer.allocate(3 * Integer.BYTES).putInt(size).array();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("noAnswers")
    void shouldBear(String name, ApiKeys api, Bytes bytes) throws Exception {
        SplittableRandom random = new SplittableRandom(SEED);
        System.out.println(name + ", seed " + SEED);
        assertTrue(bear(Client.MILLRACE, question -> question.api() == api ? bytes.of(question, random) : question.frame()));
    }

    /** Each time one byte later, until the whole answer arrives. */
    @ParameterizedTest
    @EnumSource(value = ApiKeys.class, names = {"API_VERSIONS", "METADATA", "INIT_PRODUCER_ID", "PRODUCE"})
    void shouldBearAConnectionThatBreaksAfterAnyByte(ApiKeys api) throws Exception {
        try (FakeBroker broker = new FakeBroker()) {
            AtomicInteger at = new AtomicInteger();
            AtomicInteger last = new AtomicInteger();
            broker.answer(question -> {
                byte[] frame = question.frame();
                if (question.api() != api || at.get() >= frame.length)
                    return frame;
                last.set(frame.length - 1);
                throw new FakeBroker.Break(Arrays.copyOf(frame, at.getAndIncrement()));
            });
            Map<String, Object> config = config(broker);
            config.put("max.block.ms", HANGS_MS);
            config.put("delivery.timeout.ms", (int) HANGS_MS);
            config.put("reconnect.backoff.ms", 0);
            config.put("reconnect.backoff.max.ms", 0);
            config.put("retry.backoff.ms", 1);
            config.put("retry.backoff.max.ms", 1);
            try (Producer<String, String> producer = Client.MILLRACE.producer(config)) {
                assertTrue(producer.send(new ProducerRecord<>(FakeBroker.TOPIC, 0, "k", "v")).get(HANGS_MS, TimeUnit.MILLISECONDS)
                        .hasOffset());
                assertEquals(last.get() + 1, at.get());
                System.out.println("answers to " + api + " broken after each of " + at + " bytes");
                assertEquals(metric(producer, "buffer-total-bytes"), metric(producer, "buffer-available-bytes"));
            }
        }
    }

    // ---------------------------------------------------------------- answers that lie

    static Stream<Arguments> lies() {
        return Stream.of(
                versions("no API at all", (response, random) -> response.data().apiKeys().clear()),
                versions("ranges upside down", (response, random) -> response.data().apiKeys()
                        .forEach(api -> api.setMinVersion((short) 9).setMaxVersion((short) 3))),
                versions("negative versions", (response, random) -> response.data().apiKeys()
                        .forEach(api -> api.setMinVersion((short) -9).setMaxVersion((short) -3))),
                versions("versions of the far future only", (response, random) -> response.data().apiKeys()
                        .forEach(api -> api.setMinVersion((short) 500).setMaxVersion(Short.MAX_VALUE))),
                versions("all versions there can be, of APIs that do not exist too", (response, random) -> {
                    response.data().apiKeys().forEach(api -> api.setMinVersion((short) 0).setMaxVersion(Short.MAX_VALUE));
                    for (short key = 1000; key < 1100; key++)
                        response.data().apiKeys().add(new ApiVersion().setApiKey(key).setMaxVersion(Short.MAX_VALUE));
                }),
                versions("an error that does not exist", (response, random) -> response.data().setErrorCode((short) 30_000)),
                versions("that no version will do", (response, random) -> response.data().setErrorCode((short) 35)),

                metadata("no broker", (response, random) -> response.data().brokers().clear()),
                metadata("no topic", (response, random) -> response.data().topics().clear()),
                metadata("a topic nobody asked for", (response, random) -> response.data().topics()
                        .add(new MetadataResponseTopic().setName("foreign").setTopicId(new Uuid(1, 2)))),
                metadata("a topic without partitions", (response, random) -> topic(response).partitions().clear()),
                metadata("the same partition many times", (response, random) -> topic(response).partitions()
                        .forEach(partition -> partition.setPartitionIndex(0))),
                metadata("leaders that are no brokers", (response, random) -> topic(response).partitions()
                        .forEach(partition -> partition.setLeaderId(77))),
                metadata("partitions with negative numbers", (response, random) -> topic(response).partitions()
                        .forEach(partition -> partition.setPartitionIndex(-5 - partition.partitionIndex()))),
                metadata("partitions with huge numbers", (response, random) -> topic(response).partitions()
                        .forEach(partition -> partition.setPartitionIndex(Integer.MAX_VALUE - partition.partitionIndex()))),
                metadata("a broker at a port that does not exist", (response, random) -> broker(response).setPort(70_000)),
                metadata("a broker at a negative port", (response, random) -> broker(response).setPort(-1)),
                metadata("a broker without an address", (response, random) -> broker(response).setHost("")),
                metadata("a broker nobody can resolve", (response, random) -> broker(response).setHost("no.such.host.invalid")),
                metadata("an error that does not exist", (response, random) -> topic(response).setErrorCode((short) 30_000)),
                metadata("partitions with an error that does not exist", (response, random) -> topic(response).partitions()
                        .forEach(partition -> partition.setErrorCode((short) 30_000))),
                metadata("an old leader epoch each time", (response, random) -> topic(response).partitions()
                        .forEach(partition -> partition.setLeaderEpoch(random.nextInt()))),
                metadata("another topic id each time", (response, random) -> topic(response)
                        .setTopicId(new Uuid(random.nextLong(), random.nextLong()))),
                metadata("a negative throttle time", (response, random) -> response.data().setThrottleTimeMs(-1)),

                producerId("a negative id", (response, random) -> response.data().setProducerId(-7)),
                producerId("a negative epoch", (response, random) -> response.data().setProducerEpoch((short) -7)),
                producerId("an error that does not exist", (response, random) -> response.data().setErrorCode((short) 30_000)),
                producerId("to try again for ever", (response, random) -> response.data().setErrorCode((short) 14)),

                produce("nothing", (response, random) -> response.data().responses().clear()),
                produce("a topic without partitions", (response, random) -> answers(response).clear()),
                produce("a foreign topic", (response, random) -> response.data().responses()
                        .forEach(topic -> topic.setTopicId(new Uuid(1, 2)).setName("foreign"))),
                produce("foreign partitions", (response, random) -> answers(response)
                        .forEach(partition -> partition.setIndex(partition.index() + 1000))),
                produce("the same partition many times", (response, random) -> answers(response)
                        .addAll(List.of(answers(response).get(0).duplicate(), answers(response).get(0).duplicate()))),
                produce("negative offsets", (response, random) -> answers(response)
                        .forEach(partition -> partition.setBaseOffset(Long.MIN_VALUE))),
                produce("huge offsets and times", (response, random) -> answers(response)
                        .forEach(partition -> partition.setBaseOffset(Long.MAX_VALUE).setLogAppendTimeMs(Long.MAX_VALUE)
                                .setLogStartOffset(Long.MAX_VALUE))),
                produce("errors that do not exist", (response, random) -> answers(response)
                        .forEach(partition -> partition.setErrorCode((short) (random.nextInt() | 0x4000)))),
                produce("each error there is", (response, random) -> answers(response)
                        .forEach(partition -> partition.setErrorCode((short) (random.nextInt(135) - 1)))),
                produce("errors of records that do not exist", (response, random) -> answers(response)
                        .forEach(partition -> partition.setErrorCode((short) 87).recordErrors().addAll(List.of(
                                new BatchIndexAndErrorMessage().setBatchIndex(-3),
                                new BatchIndexAndErrorMessage().setBatchIndex(Integer.MAX_VALUE))))),
                produce("that a batch is too large, for ever", (response, random) -> answers(response)
                        .forEach(partition -> partition.setErrorCode((short) 10))),
                produce("leaders that do not exist", (response, random) -> answers(response).forEach(partition -> partition
                        .setErrorCode((short) 6).setCurrentLeader(new LeaderIdAndEpoch().setLeaderId(77).setLeaderEpoch(9)))),
                produce("leaders at addresses that do not exist", (response, random) -> {
                    response.data().nodeEndpoints().add(new NodeEndpoint().setNodeId(77).setHost("").setPort(-1));
                    answers(response).forEach(partition -> partition.setErrorCode((short) 6)
                            .setCurrentLeader(new LeaderIdAndEpoch().setLeaderId(77).setLeaderEpoch(9)));
                }),
                produce("a negative throttle time", (response, random) -> response.data().setThrottleTimeMs(Integer.MIN_VALUE)));
    }

    /** Clients wait as long as they are told to; what is sent meanwhile expires. */
    @Test
    void shouldHangNobodyWhenToldToWaitForDays() throws Exception {
        try (FakeBroker broker = new FakeBroker()) {
            broker.answer(question -> {
                if (question.truth() instanceof ProduceResponse response)
                    response.data().setThrottleTimeMs(Integer.MAX_VALUE);
                return question.frame();
            });
            long closeNs;
            try (Producer<String, String> producer = Client.MILLRACE.producer(config(broker))) {
                Map<String, Integer> outcomes = new TreeMap<>();
                sendAll(producer, outcomes);
                sendAll(producer, outcomes);
                System.out.println("told to wait for days: " + outcomes + ", " + broker.requests() + " requests");
                assertTrue(outcomes.get("failed TimeoutException") >= RECORDS, outcomes::toString);
                assertTrue(senderCpuNs() < TimeUnit.SECONDS.toNanos(1), "it spins");
                assertEquals(metric(producer, "buffer-total-bytes"), metric(producer, "buffer-available-bytes"));
                closeNs = System.nanoTime();
            }
            assertTrue(System.nanoTime() - closeNs < TimeUnit.MILLISECONDS.toNanos(HANGS_MS), "close hangs");
        }
    }

    /** Lies that end an idempotent producer for good, {@code KafkaProducer} too: it has no way to get a producer id, or to use it. */
    private static final Set<String> FATAL = Set.of("API_VERSIONS says no API at all", "API_VERSIONS says ranges upside down",
            "API_VERSIONS says negative versions", "API_VERSIONS says versions of the far future only",
            "INIT_PRODUCER_ID says an error that does not exist");

    private interface Lie<R extends AbstractResponse> {
        void in(R response, SplittableRandom random);
    }

    private static Arguments versions(String what, Lie<ApiVersionsResponse> lie) {
        return lie(what, ApiKeys.API_VERSIONS, ApiVersionsResponse.class, lie);
    }

    private static Arguments metadata(String what, Lie<MetadataResponse> lie) {
        return lie(what, ApiKeys.METADATA, MetadataResponse.class, lie);
    }

    private static Arguments producerId(String what, Lie<InitProducerIdResponse> lie) {
        return lie(what, ApiKeys.INIT_PRODUCER_ID, InitProducerIdResponse.class, lie);
    }

    private static Arguments produce(String what, Lie<ProduceResponse> lie) {
        return lie(what, ApiKeys.PRODUCE, ProduceResponse.class, lie);
    }

    private static <R extends AbstractResponse> Arguments lie(String what, ApiKeys api, Class<R> type, Lie<R> lie) {
        return arguments(api + " says " + what, api, (Bytes) (question, random) -> {
            lie.in(type.cast(question.truth()), random);
            return question.frame();
        });
    }

    private static MetadataResponseTopic topic(MetadataResponse response) {
        return response.data().topics().iterator().next();
    }

    private static MetadataResponseBroker broker(MetadataResponse response) {
        return response.data().brokers().iterator().next();
    }

    private static List<PartitionProduceResponse> answers(ProduceResponse response) {
        return response.data().responses().iterator().next().partitionResponses();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("lies")
    void shouldBearLies(String name, ApiKeys api, Bytes lie) throws Exception {
        System.out.println(name + ", seed " + SEED);
        assertEquals(!FATAL.contains(name), bear(Client.MILLRACE, lying(api, lie)));
    }

    private static Answer lying(ApiKeys api, Bytes lie) {
        SplittableRandom random = new SplittableRandom(SEED);
        return question -> question.api() == api ? lie.of(question, random) : question.frame();
    }

    // ---------------------------------------------------------------- the way of a client through all this

    /** Sends records to a hostile broker, and one to each partition when it has become honest; whether these arrived. */
    private static boolean bear(Client client, Answer answer) throws Exception {
        try (FakeBroker broker = new FakeBroker()) {
            broker.answer(answer);
            Producer<String, String> producer = client.producer(config(broker));
            try {
                Map<String, Integer> outcomes = new TreeMap<>();
                long beganNs = System.nanoTime();
                sendAll(producer, outcomes);
                double seconds = Math.max(1, (System.nanoTime() - beganNs) / 1e9);
                double cpuSeconds = senderCpuNs() / 1e9;
                System.out.printf("  %s in %.1f s, sender's CPU time %.2f s, %d connections, %d requests%n", outcomes, seconds,
                        cpuSeconds, broker.connections(), broker.requests());
                assertTrue(cpuSeconds <= 0.5 + seconds / 2, () -> "it spins: " + cpuSeconds + " s of CPU time");
                assertTrue(broker.connections() <= seconds * MAX_CONNECTIONS_PER_SECOND, () -> broker.connections() + " connections");
                broker.tellTheTruth();
                boolean recovers = recovers(producer);
                assertEquals(metric(producer, "buffer-total-bytes"), metric(producer, "buffer-available-bytes"));
                return recovers;
            } finally {
                long closeNs = System.nanoTime();
                producer.close(Duration.ofMillis(500));
                assertTrue(System.nanoTime() - closeNs < TimeUnit.MILLISECONDS.toNanos(HANGS_MS), "close hangs");
            }
        }
    }

    /** CPU time of the one sender thread there is; -1 when it is gone. */
    private static long senderCpuNs() {
        List<Thread> senders = List.copyOf(NothingLeftBehind.producerThreads());
        assertEquals(1, senders.size(), "sender threads");
        return ManagementFactory.getThreadMXBean().getThreadCpuTime(senders.get(0).getId());
    }

    private static Map<String, Object> config(FakeBroker broker) {
        Map<String, Object> config = new HashMap<>();
        config.put("bootstrap.servers", broker.address());
        config.put("key.serializer", StringSerializer.class);
        config.put("value.serializer", StringSerializer.class);
        config.put("enable.metrics.push", false);
        config.put("max.block.ms", MAX_BLOCK_MS);
        config.put("request.timeout.ms", 200);
        config.put("delivery.timeout.ms", DELIVERY_TIMEOUT_MS);
        config.put("linger.ms", 0);
        config.put("retry.backoff.ms", 20);
        config.put("retry.backoff.max.ms", 50);
        config.put("reconnect.backoff.ms", 20);
        config.put("reconnect.backoff.max.ms", 50);
        config.put("socket.connection.setup.timeout.ms", 200);
        config.put("socket.connection.setup.timeout.max.ms", 200);
        config.put("buffer.memory", 64 << 10);
        config.put("batch.size", 1 << 10);
        return config;
    }

    private static void sendAll(Producer<String, String> producer, Map<String, Integer> outcomes) throws Exception {
        AtomicInteger[] calls = new AtomicInteger[RECORDS];
        List<Future<RecordMetadata>> futures = new ArrayList<>();
        for (int i = 0; i < RECORDS; i++) {
            AtomicInteger called = calls[i] = new AtomicInteger();
            long beganNs = System.nanoTime();
            Future<RecordMetadata> future = null;
            try {
                // Several batches for each partition; the first ones go out before the others are there.
                Integer partition = i % 3 == 0 ? Integer.valueOf(i % FakeBroker.PARTITIONS) : null;
                future = producer.send(new ProducerRecord<>(FakeBroker.TOPIC, partition, i % 3 == 1 ? "k" : null,
                        "v".repeat(400)), (metadata, e) -> called.incrementAndGet());
            } catch (RuntimeException e) {
                outcomes.merge("thrown " + name(e), 1, Integer::sum);
                called.set(1);
            }
            futures.add(future);
            assertTrue(System.nanoTime() - beganNs < TimeUnit.MILLISECONDS.toNanos(HANGS_MS), "send hangs");
        }
        for (Future<RecordMetadata> future : futures) {
            if (future == null)
                continue;
            try {
                future.get(HANGS_MS, TimeUnit.MILLISECONDS);
                outcomes.merge("acknowledged", 1, Integer::sum);
            } catch (ExecutionException e) {
                outcomes.merge("failed " + name(e.getCause()), 1, Integer::sum);
            }
        }
        for (AtomicInteger called : calls)
            assertEquals(1, called.get(), "callbacks of a record");
    }

    private static String name(Throwable e) {
        return e.getClass().getSimpleName();
    }

    /** False when the producer says that it can't go on, and is to be closed. */
    private static boolean recovers(Producer<String, String> producer) throws Exception {
        long beganNs = System.nanoTime();
        for (int partition = 0; partition < FakeBroker.PARTITIONS; partition++)
            while (true) {
                try {
                    producer.send(new ProducerRecord<>(FakeBroker.TOPIC, partition, "k", "v")).get(HANGS_MS, TimeUnit.MILLISECONDS);
                    break;
                } catch (KafkaException e) {
                    return false;
                } catch (ExecutionException e) {
                    // Old connections, an old producer id: the first may fail.
                    if (System.nanoTime() - beganNs > TimeUnit.MILLISECONDS.toNanos(HANGS_MS))
                        throw e;
                }
            }
        return true;
    }

    private static double metric(Producer<?, ?> producer, String name) {
        for (Metric metric : producer.metrics().values())
            if (metric.metricName().name().equals(name) && metric.metricName().group().equals("producer-metrics"))
                return ((Number) metric.metricValue()).doubleValue();
        throw new IllegalArgumentException("No metric " + name);
    }
}
