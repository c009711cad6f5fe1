package dev.millrace;

import dev.millrace.codec.Codec;
import dev.millrace.codec.CodecType;
import dev.millrace.codec.Codecs;
import dev.millrace.internal.producer.accumulate.AppendGate;
import dev.millrace.internal.producer.accumulate.BatchSettings;
import dev.millrace.internal.producer.accumulate.BufferPool;
import dev.millrace.internal.producer.accumulate.CallbackThreads;
import dev.millrace.internal.producer.accumulate.RecordAccumulator;
import dev.millrace.internal.producer.batch.AsyncResult;
import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.internal.producer.config.ConfigParser;
import dev.millrace.internal.producer.config.ProducerSettings;
import dev.millrace.internal.producer.metrics.BufferPoolMetrics;
import dev.millrace.internal.producer.metrics.CallMetrics.Call;
import dev.millrace.internal.producer.metrics.CallMetrics;
import dev.millrace.internal.producer.metrics.ClientMetrics;
import dev.millrace.internal.producer.metrics.SenderMetrics;
import dev.millrace.internal.producer.net.BrokerClient;
import dev.millrace.internal.producer.net.CoordinatorClient;
import dev.millrace.internal.producer.net.Network;
import dev.millrace.internal.producer.net.TopicMetadata;
import dev.millrace.internal.producer.send.Sender;
import dev.millrace.internal.producer.send.SenderSettings;
import dev.millrace.internal.producer.send.TransactionSender;
import dev.millrace.internal.producer.send.TransactionWork;
import dev.millrace.internal.producer.txn.NoSequences;
import dev.millrace.internal.producer.txn.SequenceTracker;
import dev.millrace.internal.producer.txn.Sequences;
import dev.millrace.internal.producer.txn.TransactionManager;
import dev.millrace.internal.producer.txn.TransactionalSequences;
import dev.millrace.partitioner.StickyPartitioner;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.Partitioner;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerInterceptor;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.metrics.MetricsReporter;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.utils.Time;
import org.slf4j.Logger;

/** What stands behind {@link MillraceProducer}: puts the floors together, and takes them apart again. */
final class ProducerEngine<K, V> {

    private static final String CALLBACK_THREAD_NAME = "kafka-producer-callback-thread-";

    /** Closing with its time over waits so long for the callbacks of what it failed: those that do not hang are all called. */
    private static final long CALLBACK_GRACE_MS = 1000;

    private final ProducerSettings settings;
    private final Time time = Time.SYSTEM;
    private final Logger log;
    private final Network network;
    private final Metrics metrics;
    private final SenderMetrics senderMetrics;
    private final CallMetrics callMetrics;
    private final Interceptors<K, V> interceptors;
    private final RecordSender<K, V> recordSender;
    private final TopicMetadata topicMetadata;
    private final RecordAccumulator accumulator;
    private final Sequences sequences;
    private final Transactions transactions;
    private final Sender sender;
    private final Thread senderThread;
    private final CallbackThreads callbackThreads;
    private final Closing closing;
    /** Written by a thread that callbacks run on, read by the sender thread. */
    private volatile boolean closedInCallback;

    static <K, V> ProducerEngine<K, V> create(Map<String, Object> configs, Serializer<K> keySerializer,
                                              Serializer<V> valueSerializer) {
        ProducerConfig config = ConfigParser.parse(configs, keySerializer, valueSerializer);
        Closing closing = new Closing();
        try {
            return new ProducerEngine<>(config, keySerializer, valueSerializer, closing);
        } catch (Throwable t) {
            closing.closeAll();
            throw new KafkaException("Failed to construct kafka producer", t);
        }
    }

    private ProducerEngine(ProducerConfig config, Serializer<K> givenKeySerializer, Serializer<V> givenValueSerializer,
                           Closing closing) {
        this.closing = closing;
        this.settings = ProducerSettings.of(config);
        String clientId = settings.clientId();
        this.network = new Network(settings, time);
        this.log = network.logger(MillraceProducer.class);
        closing.add("telemetry", network::close);
        List<MetricsReporter> reporters = CommonClientConfigs.metricsReporters(clientId, config);
        network.addTelemetry(reporters);
        this.metrics = ClientMetrics.open(config, reporters, time);
        closing.add("metrics", metrics);
        this.callMetrics = new CallMetrics(metrics);
        closing.add("call metrics", callMetrics);

        Plugins plugins = new Plugins(config, metrics, closing);
        Partitioner partitioner = plugins.partitioner();
        Serializer<K> keySerializer = plugins.serializer(givenKeySerializer, true);
        Serializer<V> valueSerializer = plugins.serializer(givenValueSerializer, false);
        List<ProducerInterceptor<K, V>> chain = plugins.interceptors();
        this.interceptors = new Interceptors<>(chain);

        Codec codec = codec(settings.compression());
        BatchSettings batching = new BatchSettings(settings.batching().batchSize(), settings.extras().batchMaxBytes(),
                settings.batching().lingerMs(), settings.extras().adaptiveLinger(),
                settings.delivery().retryBackoffMs(), settings.delivery().retryBackoffMaxMs());
        BufferPool pool = pool(batching, codec);

        BrokerClient broker = network.connect(metrics, SenderMetrics.throttleTimeSensor(metrics),
                List.of(chain, reporters, List.of(keySerializer, valueSerializer)));
        closing.add("network client", broker);
        this.senderMetrics = new SenderMetrics(metrics, broker::requestsInFlight, network::lastMetadataUpdateMs);
        TransactionManager manager = transactionManager(broker.coordinators());
        this.accumulator = new RecordAccumulator(batching, codec, pool, manager == null ? AppendGate.OPEN : manager, time);
        this.callbackThreads = new CallbackThreads(settings.extras().callbackThreads(), (index, work) ->
                network.thread(CALLBACK_THREAD_NAME + index + " | " + clientId, work), time);
        closing.add("callback threads", () -> callbackThreads.close(0));
        accumulator.callbackThreads(callbackThreads);
        this.sequences = sequences(manager);
        TransactionWork transactionWork = manager == null ? TransactionWork.NONE : new TransactionSender(manager,
                broker.coordinators(), accumulator, settings.delivery().retryBackoffMs());
        this.sender = new Sender(senderSettings(), accumulator, sequences, transactionWork, broker, senderMetrics, time,
                network.logger(Sender.class));
        this.transactions = new Transactions(manager, settings.delivery().idempotent(), sender::wakeup,
                settings.batching().maxBlockMs(), callMetrics, time);
        this.topicMetadata = new TopicMetadata(network.metadata(), time, sender::wakeup,
                waitedNs -> callMetrics.record(Call.METADATA_WAIT, waitedNs));
        PartitionChooser partitions = new PartitionChooser(partitioner, settings.partitioning().ignoreKeys()
                || !(partitioner instanceof StickyPartitioner));
        partitions.watch(sender.load());
        this.recordSender = new RecordSender<>(settings, topicMetadata, new RecordSerializer<>(keySerializer, valueSerializer),
                partitions, accumulator, time);
        this.senderThread = network.thread(MillraceProducer.NETWORK_THREAD_PREFIX + " | " + clientId, this::send);
        config.logUnused();
        network.registerAppInfo(ClientMetrics.JMX_PREFIX, metrics);
        callbackThreads.start();
        senderThread.start();
        closing.forget(broker);
    }

    /** Proves at once, not at the first full batch, that the codec's library is there and can be loaded. */
    private static Codec codec(ProducerSettings.Compression compression) {
        CodecType type = CodecType.forName(compression.type());
        Codec codec = type.hasLevels() ? Codecs.of(type, compression.level()) : Codecs.of(type);
        codec.compress(new byte[1], 0, 1, new byte[codec.maxCompressedLength(1)], 0);
        return codec;
    }

    /** Null for a producer without transactions. */
    private TransactionManager transactionManager(CoordinatorClient coordinators) {
        ProducerSettings.Transactions transactional = settings.transactions();
        if (transactional.transactionalId() == null)
            return null;
        log.info("Instantiated a transactional producer.");
        return new TransactionManager(transactional.transactionalId(), transactional.timeoutMs(),
                settings.delivery().retryBackoffMs(), coordinators, time, network.logger(TransactionManager.class));
    }

    private Sequences sequences(TransactionManager manager) {
        if (manager != null)
            return new TransactionalSequences(manager);
        return settings.delivery().idempotent()
                ? new SequenceTracker(network.logger(SequenceTracker.class)) : new NoSequences();
    }

    private BufferPool pool(BatchSettings batching, Codec codec) {
        long total = settings.batching().bufferMemory();
        BufferPoolMetrics poolMetrics = new BufferPoolMetrics(metrics);
        BufferPool pool = new BufferPool(total, batching.batchSize(), RecordAccumulator.rawLimit(batching, codec, total),
                new BufferPool.Observer() {
                    @Override
                    public void waited(long waitedNs) {
                        poolMetrics.waited(waitedNs, time.milliseconds());
                    }

                    @Override
                    public void exhausted() {
                        poolMetrics.exhausted();
                    }
                }, time);
        poolMetrics.bind(pool::waiting, pool::totalMemory, pool::availableMemory);
        return pool;
    }

    private SenderSettings senderSettings() {
        ProducerSettings.Delivery delivery = settings.delivery();
        return new SenderSettings(settings.batching().maxRequestSize(), delivery.retries(), delivery.retryBackoffMs(),
                delivery.deliveryTimeoutMs(), delivery.maxInFlight(), settings.partitioning().availabilityTimeoutMs());
    }

    // ---------------------------------------------------------------- send

    Future<RecordMetadata> send(ProducerRecord<K, V> original, Callback callback) {
        return send(interceptors.onSend(original), callback, true);
    }

    boolean trySend(ProducerRecord<K, V> original, Callback callback) {
        return send(interceptors.onTrySend(original), callback, false) != null;
    }

    CompletableFuture<RecordMetadata> sendAsync(ProducerRecord<K, V> original) {
        AsyncResult result = new AsyncResult();
        send(original, result);
        return result;
    }

    /** Null for a record that would have had to wait and may not. */
    private Future<RecordMetadata> send(ProducerRecord<K, V> record, Callback callback, boolean mayWait) {
        try {
            throwIfClosed();
            sequences.throwIfFatal();
            Callback told = interceptors.before(callback, record);
            return mayWait ? recordSender.send(record, told) : recordSender.trySend(record, told);
        } catch (Unsent e) {
            return unsent(record, callback, e.partition(), e.getCause());
        } catch (RuntimeException e) {
            return unsent(record, callback, -1, e);
        }
    }

    private Future<RecordMetadata> unsent(ProducerRecord<K, V> record, Callback callback, int partition, Throwable cause) {
        if (cause == null) {
            interceptors.onNotTaken(record, partition);
            return null;
        }
        RecordMetadata unsent = Interceptors.unsent(record, partition);
        if (cause instanceof ApiException e) {
            log.debug("Exception occurred during message send:", e);
            if (callback != null)
                callback.onCompletion(unsent, e);
            rejected(record, unsent, e);
            sequences.recordRefused(e);
            return CompletableFuture.failedFuture(e);
        }
        if (cause instanceof InterruptedException e) {
            rejected(record, unsent, e);
            throw new InterruptException(e);
        }
        if (cause instanceof KafkaException e) {
            rejected(record, unsent, e);
            throw e;
        }
        interceptors.onSendError(record, unsent, (Exception) cause);
        throw ProducerEngine.<RuntimeException>asThrown(cause);
    }

    /** What it was declared as does not matter: see {@link RecordSender}. */
    @SuppressWarnings("unchecked") // erased, so nothing is cast
    private static <E extends Throwable> E asThrown(Throwable cause) throws E {
        throw (E) cause;
    }

    private void rejected(ProducerRecord<K, V> record, RecordMetadata unsent, Exception e) {
        senderMetrics.sendRejected(time.milliseconds());
        interceptors.onSendError(record, unsent, e);
    }

    private void throwIfClosed() {
        if (!sender.isRunning())
            throw new IllegalStateException("Cannot perform operation after producer has been closed");
    }

    // ---------------------------------------------------------------- transactions

    void initTransactions() {
        transactions().init();
    }

    void beginTransaction() {
        transactions().begin();
    }

    void sendOffsetsToTransaction(Map<TopicPartition, OffsetAndMetadata> offsets, ConsumerGroupMetadata group) {
        Transactions.throwIfInvalid(group);
        transactions().sendOffsets(offsets, group);
    }

    void commitTransaction() {
        transactions().commit();
    }

    void abortTransaction() {
        Transactions checked = transactions();
        log.info("Aborting incomplete transaction");
        checked.abort();
    }

    private Transactions transactions() {
        transactions.throwIfNotEnabled();
        throwIfClosed();
        return transactions;
    }

    // ---------------------------------------------------------------- flush, metadata, metrics

    void flush() {
        if (isInCallback())
            throw new KafkaException("KafkaProducer.flush() invocation inside a callback is not permitted because it may lead"
                    + " to deadlock.");
        long startNs = time.nanoseconds();
        List<ProducerBatch> batches = accumulator.beginFlush();
        try {
            for (ProducerBatch batch : batches)
                batch.awaitAllDone();
        } catch (InterruptedException e) {
            throw new InterruptException("Flush interrupted.", e);
        } finally {
            accumulator.endFlush();
            callMetrics.record(Call.FLUSH, time.nanoseconds() - startNs);
        }
    }

    List<PartitionInfo> partitionsFor(String topic) {
        Objects.requireNonNull(topic, "topic cannot be null");
        try {
            return topicMetadata.await(topic, null, time.milliseconds(), settings.batching().maxBlockMs())
                    .partitionsForTopic(topic);
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    Map<MetricName, ? extends Metric> metrics() {
        return Collections.unmodifiableMap(metrics.metrics());
    }

    Uuid clientInstanceId(Duration timeout) {
        return network.clientInstanceId(timeout);
    }

    void registerMetricForSubscription(KafkaMetric metric) {
        if (metrics.metrics().containsKey(metric.metricName()))
            log.debug("Skipping registration for metric {}. Existing producer metrics cannot be overwritten.",
                    metric.metricName());
        else
            network.subscribe(metric);
    }

    void unregisterMetricFromSubscription(KafkaMetric metric) {
        if (metrics.metrics().containsKey(metric.metricName()))
            log.debug("Skipping unregistration for metric {}. Existing producer metrics cannot be removed.",
                    metric.metricName());
        else
            network.unsubscribe(metric);
    }

    // ---------------------------------------------------------------- close

    /** The sender thread's life. */
    private void send() {
        sender.run();
        if (!closedInCallback)
            return;
        endCallbacks();
        closeResources();
    }

    /** On a thread that this producer's callbacks run on. */
    private boolean isInCallback() {
        return Thread.currentThread() == senderThread || callbackThreads.isCurrent();
    }

    /** The sender thread has ended, and with it what could need a callback. */
    private InterruptedException endCallbacks() {
        try {
            callbackThreads.close(CALLBACK_GRACE_MS);
            return null;
        } catch (InterruptedException e) {
            return e;
        }
    }

    void close(Duration timeout) {
        long timeoutMs = timeout.toMillis();
        if (timeoutMs < 0)
            throw new IllegalArgumentException("The timeout cannot be negative.");
        log.info("Closing the producer with timeoutMillis = {} ms.", timeoutMs);
        boolean fromCallback = isInCallback();
        InterruptedException interrupted = null;
        if (timeoutMs > 0 && fromCallback) {
            log.warn("Overriding close timeout {} ms to 0 ms in order to prevent useless blocking due to self-join. This means"
                    + " you have incorrectly invoked close with a non-zero timeout from the producer call-back.", timeoutMs);
        } else if (timeoutMs > 0) {
            network.initiateClose();
            sender.initiateClose();
            interrupted = join(timeoutMs);
        }
        if (senderThread.isAlive()) {
            log.info("Proceeding to force close the producer since pending requests could not be completed within timeout {} ms.",
                    timeoutMs);
            // What the sender thread still has to do, calling back for what is aborted and closing connections, needs the
            // interceptors and would bring closed metrics back: they are closed when it ends. Told before it can end.
            if (fromCallback)
                closedInCallback = true;
            sender.forceClose();
            if (!fromCallback)
                interrupted = first(interrupted, join(0));
        }
        if (fromCallback)
            return;
        interrupted = first(interrupted, endCallbacks());
        Exception failure = closeResources();
        if (interrupted != null)
            throw new InterruptException(interrupted);
        if (failure instanceof InterruptException interrupt)
            throw interrupt;
        if (failure != null)
            throw new KafkaException("Failed to close kafka producer", failure);
        log.debug("The producer has been closed");
    }

    private static InterruptedException first(InterruptedException earlier, InterruptedException later) {
        return earlier != null ? earlier : later;
    }

    private Exception closeResources() {
        Exception failure = closing.closeAll();
        network.unregisterAppInfo(ClientMetrics.JMX_PREFIX, metrics);
        return failure;
    }

    private InterruptedException join(long timeoutMs) {
        try {
            senderThread.join(timeoutMs);
            return null;
        } catch (InterruptedException e) {
            return e;
        }
    }
}
