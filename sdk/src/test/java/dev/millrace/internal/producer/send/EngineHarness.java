package dev.millrace.internal.producer.send;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.millrace.codec.CodecType;
import dev.millrace.codec.Codecs;
import dev.millrace.internal.producer.accumulate.AppendGate;
import dev.millrace.internal.producer.accumulate.BatchSettings;
import dev.millrace.internal.producer.accumulate.BufferPool;
import dev.millrace.internal.producer.accumulate.CallbackThreads;
import dev.millrace.internal.producer.accumulate.RecordAccumulator;
import dev.millrace.internal.producer.batch.RecordWriter;
import dev.millrace.internal.producer.batch.SendResult;
import dev.millrace.internal.producer.metrics.ClientMetrics;
import dev.millrace.internal.producer.metrics.SenderMetrics;
import dev.millrace.internal.producer.net.BrokerClient;
import dev.millrace.internal.producer.txn.NoSequences;
import dev.millrace.internal.producer.txn.SequenceTracker;
import dev.millrace.internal.producer.txn.Sequences;
import dev.millrace.internal.producer.txn.TransactionManager;
import dev.millrace.internal.producer.txn.TransactionalSequences;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.clients.ApiVersions;
import org.apache.kafka.clients.ClientRequest;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.internals.ProducerMetadata;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.internals.ClusterResourceListeners;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.requests.InitProducerIdRequest;
import org.apache.kafka.common.requests.InitProducerIdResponse;
import org.apache.kafka.common.requests.MetadataResponse;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.ProduceResponse;
import org.apache.kafka.common.requests.RequestTestUtils;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.MockTime;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.helpers.NOPLogger;

/** The engine below the facade, on Kafka's mock client and mock clock: one step of the sender at a time, and no sleeping. */
final class EngineHarness implements AutoCloseable {

    static final String TOPIC = "orders";
    static final Uuid TOPIC_ID = Uuid.fromString("MKXx1fIkQy2J9jXHhK8m1w");
    static final long PRODUCER_ID = 4711;

    private static final long START_MS = 1_700_000_000_000L;

    // The same times in every run, so that what fails once fails again.
    final MockTime time = new MockTime(0, START_MS, TimeUnit.MILLISECONDS.toNanos(START_MS));
    final ProducerMetadata metadata;
    final SteppedClient client;
    final BufferPool pool;
    final RecordAccumulator accumulator;
    final CallbackThreads callbackThreads;
    final ApiVersions versions = new ApiVersions();
    final Sequences sequences;
    /** Null without a transactional id. */
    final TransactionManager transactions;
    final Sender sender;
    final int partitions;
    private final Metrics metrics = new Metrics();

    /** What a test may set; the rest is a producer's usual life. */
    static final class Options {
        int partitions = 2;
        int brokers = 1;
        int batchSize = 1000;
        /** 0 for no more than {@link #batchSize}. */
        int maxBatchSize;
        long lingerMs;
        boolean adaptiveLinger;
        int callbackThreads;
        long bufferMemory = 1 << 20;
        CodecType codec = CodecType.NONE;
        boolean idempotent = true;
        int maxInFlight = 5;
        int retries = Integer.MAX_VALUE;
        long deliveryTimeoutMs = 120_000;
        int requestTimeoutMs = 30_000;
        long retryBackoffMs = 100;
        /** When it is no more than {@link #retryBackoffMs}, backoffs are constant and have no jitter. */
        long retryBackoffMaxMs = 1000;
        short acks = -1;
        int maxRequestSize = 1 << 20;
        String transactionalId;
        BiFunction<MockTime, ProducerMetadata, SteppedClient> client = SteppedClient::new;
        /** The epoch of the first producer id; -1 to give none. */
        short epoch;
        /** What brokers say of the cluster whenever they are asked; null for what was said last. */
        Supplier<MetadataResponse> cluster;
        /** Log nothing: errors are part of the test, and many. */
        boolean quiet;

        /** What is logged to; {@link #quiet} leaves it. */
        Function<Class<?>, Logger> log = LoggerFactory::getLogger;

        private Logger logger(Class<?> forClass) {
            return quiet ? NOPLogger.NOP_LOGGER : log.apply(forClass);
        }
    }

    EngineHarness(Options options) {
        metadata = new ProducerMetadata(options.retryBackoffMs, options.retryBackoffMaxMs, 300_000, 300_000, new LogContext(),
                new ClusterResourceListeners(), time);
        client = options.cluster == null ? options.client.apply(time, metadata)
                : new SteppedClient(time, metadata, options.cluster);
        BatchSettings batching = new BatchSettings(options.batchSize, Math.max(options.batchSize, options.maxBatchSize),
                options.lingerMs, options.adaptiveLinger, options.retryBackoffMs, options.retryBackoffMaxMs);
        pool = new BufferPool(options.bufferMemory, options.batchSize,
                RecordAccumulator.rawLimit(batching, Codecs.of(options.codec), options.bufferMemory), NOBODY, time);
        BrokerClient broker = new BrokerClient(client, metadata, versions, options.acks, options.requestTimeoutMs,
                options.transactionalId);
        transactions = options.transactionalId == null ? null : new TransactionManager(options.transactionalId, 60_000,
                options.retryBackoffMs, broker.coordinators(), time, options.logger(TransactionManager.class));
        accumulator = new RecordAccumulator(batching, Codecs.of(options.codec), pool,
                transactions == null ? AppendGate.OPEN : transactions, time);
        callbackThreads = new CallbackThreads(options.callbackThreads, (index, work) -> {
            Thread thread = new Thread(work, "callbacks-" + index);
            thread.setDaemon(true);
            return thread;
        }, time);
        accumulator.callbackThreads(callbackThreads);
        callbackThreads.start();
        sequences = transactions != null ? new TransactionalSequences(transactions) : options.idempotent
                ? new SequenceTracker(options.logger(SequenceTracker.class)) : new NoSequences();
        TransactionWork work = transactions == null ? TransactionWork.NONE
                : new TransactionSender(transactions, broker.coordinators(), accumulator, options.retryBackoffMs);
        sender = new Sender(new SenderSettings(options.maxRequestSize, options.retries, options.retryBackoffMs,
                options.deliveryTimeoutMs, options.maxInFlight, 0), accumulator, sequences, work, broker,
                new SenderMetrics(metrics, broker::requestsInFlight, metadata::lastSuccessfulUpdate), time,
                options.logger(Sender.class));
        partitions = options.partitions;
        metadata.add(TOPIC, time.milliseconds());
        if (options.cluster == null)
            client.updateMetadata(metadataResponse(options.brokers, partitions));
        else
            metadata.updateWithCurrentRequestVersion(options.cluster.get(), false, time.milliseconds());
        if (options.idempotent && options.transactionalId == null && options.epoch >= 0)
            giveProducerId(PRODUCER_ID, options.epoch);
    }

    private static final BufferPool.Observer NOBODY = new BufferPool.Observer() {
        @Override
        public void waited(long waitedNs) {
        }

        @Override
        public void exhausted() {
        }
    };

    static MetadataResponse metadataResponse(int brokers, int partitions) {
        return RequestTestUtils.metadataUpdateWithIds(brokers, Map.of(TOPIC, partitions), Map.of(TOPIC, TOPIC_ID));
    }

    void giveProducerId(long id, short epoch) {
        client.prepareResponse(InitProducerIdRequest.class::isInstance, new InitProducerIdResponse(
                new InitProducerIdResponseData().setProducerId(id).setProducerEpoch(epoch)));
        step();
        step();
    }

    /** One round of the sender. */
    void step() {
        sender.doWork();
    }

    /** Has a record acknowledged, sequence 0 and offset 0: from then on more than one batch may be on the way to the partition. */
    void establish(int partition) throws InterruptedException {
        send(partition, "first");
        respond(requests().size() - 1, Errors.NONE, 0);
    }

    /** Rounds until backoffs of earlier failures are over. */
    void stepAfterBackoff() {
        time.sleep(2000);
        step();
    }

    SendResult append(int partition, String value) throws InterruptedException {
        return append(partition, value, null, 1000);
    }

    SendResult append(int partition, String value, Callback callback, long maxBlockMs) throws InterruptedException {
        byte[] bytes = value.getBytes();
        SendResult result = new SendResult(callback, time.milliseconds(), null, bytes);
        int tailSize = RecordWriter.tailSize(null, bytes, RecordWriter.NO_HEADERS);
        var queue = accumulator.topic(TOPIC).queue(partition);
        accumulator.tryAppend(queue, null, bytes, RecordWriter.NO_HEADERS, tailSize, result);
        if (!result.isAppended())
            accumulator.append(queue, null, bytes, RecordWriter.NO_HEADERS, tailSize, result, maxBlockMs);
        return result;
    }

    /** Appends a record, and lets the sender do one round. */
    SendResult send(int partition, String value) throws InterruptedException {
        SendResult result = append(partition, value);
        step();
        return result;
    }

    /** Appends if there is memory: {@link SendResult#isAppended} tells. */
    SendResult tryAppend(int partition, String value, Callback callback) {
        byte[] bytes = value.getBytes();
        SendResult result = new SendResult(callback, time.milliseconds(), null, bytes);
        int tailSize = RecordWriter.tailSize(null, bytes, RecordWriter.NO_HEADERS);
        var queue = accumulator.topic(TOPIC).queue(partition);
        accumulator.tryAppend(queue, null, bytes, RecordWriter.NO_HEADERS, tailSize, result);
        if (!result.isAppended())
            accumulator.appendAtOnce(queue, null, bytes, RecordWriter.NO_HEADERS, tailSize, result);
        return result;
    }

    /** A produce request's batch as it is on the wire. */
    record Sent(int partition, long producerId, short epoch, int sequence, List<String> values) {
    }

    /** The requests that await a response, oldest first. */
    List<ClientRequest> requests() {
        return new ArrayList<>(client.requests());
    }

    static List<Sent> batches(ClientRequest request) {
        List<Sent> sent = new ArrayList<>();
        ProduceRequest produce = (ProduceRequest) request.requestBuilder().build();
        for (TopicProduceData topic : produce.data().topicData())
            for (PartitionProduceData partition : topic.partitionData())
                for (MutableRecordBatch batch : ((MemoryRecords) partition.records()).batches()) {
                    batch.ensureValid();
                    List<String> values = new ArrayList<>();
                    for (Record record : batch) {
                        byte[] value = new byte[record.valueSize()];
                        record.value().get(value);
                        values.add(new String(value));
                    }
                    sent.add(new Sent(partition.index(), batch.producerId(), batch.producerEpoch(), batch.baseSequence(), values));
                }
        return sent;
    }

    /** The only batch of the n-th request that awaits a response. */
    Sent sent(int n) {
        List<Sent> batches = batches(requests().get(n));
        assertEquals(1, batches.size(), "batches in request " + n);
        return batches.get(0);
    }

    /** Answers the n-th waiting request, for all its partitions, and lets the sender hear of it. */
    void respond(int n, Errors error, long offset) {
        respond(n, error, offset, -1);
    }

    void respond(int n, Errors error, long offset, long logStartOffset) {
        ClientRequest request = requests().get(n);
        TopicProduceResponse topic = new TopicProduceResponse().setName(TOPIC).setTopicId(TOPIC_ID);
        for (Sent batch : batches(request))
            topic.partitionResponses().add(new PartitionProduceResponse().setIndex(batch.partition())
                    .setErrorCode(error.code()).setBaseOffset(offset).setLogStartOffset(logStartOffset));
        ProduceResponseData data = new ProduceResponseData();
        data.responses().add(topic);
        client.respondToRequest(request, new ProduceResponse(data));
        step();
    }

    /** The value of a producer's metric. */
    double metric(String name) {
        return (double) metrics.metric(metrics.metricName(name, ClientMetrics.GROUP)).metricValue();
    }

    void disconnect() {
        client.disconnect(metadata.fetch().nodes().get(0).idString());
        step();
    }

    @Override
    public void close() {
        try {
            callbackThreads.close(0);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        metrics.close();
    }
}
