package dev.millrace.perf.load;

import dev.millrace.perf.spec.ClientSettings;
import dev.millrace.perf.spec.Load;
import dev.millrace.perf.spec.ProduceSpec;
import dev.millrace.perf.spec.RunFailedException;
import dev.millrace.perf.spec.Transactional;
import dev.millrace.perf.spec.UsageException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;

/** One measured run on one producer: warm-up, flush, baselines, measurement. For one thread. */
public final class ProduceRun implements AutoCloseable {
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    private final Load load;
    private final ClientSettings settings;
    private final long stallNs;
    private final StopSignal stop;
    private final String topic;
    private final RecordData data;
    private final Optional<Transactional> transactional;
    private final Producer<byte[], byte[]> producer;
    private final boolean stamped;

    /**
     * Opens the producer; with transactions, blocks until their coordinator knows it.
     *
     * @throws UsageException when the client refuses its settings
     * @throws RunFailedException when transactions cannot begin
     */
    public ProduceRun(ProduceSpec spec, RecordData data, String bootstrapServers, String topic, StopSignal stop) {
        this(spec, data, bootstrapServers, topic, stop, false);
    }

    /** The same, of records that say when they were due: {@link DueStamp}. */
    public static ProduceRun stamped(ProduceSpec spec, RecordData data, String bootstrapServers, String topic, StopSignal stop) {
        return new ProduceRun(spec, data, bootstrapServers, topic, stop, true);
    }

    private ProduceRun(ProduceSpec spec, RecordData data, String bootstrapServers, String topic, StopSignal stop,
            boolean stamped) {
        this.stamped = stamped;
        this.load = spec.load();
        this.settings = spec.settings();
        this.transactional = spec.transactional();
        this.stop = stop;
        this.topic = topic;
        this.data = data;
        this.stallNs = stallNs(spec.settings().check(bootstrapServers), load);
        try {
            this.producer = spec.client().open(spec.settings().forProducer(bootstrapServers));
        } catch (KafkaException e) {
            throw ClientSettings.refused(e);
        }
        transactional.ifPresent(this::initTransactions);
    }

    private void initTransactions(Transactional transactions) {
        try {
            producer.initTransactions();
        } catch (KafkaException e) {
            producer.close(Duration.ZERO);
            throw new RunFailedException("cannot begin transactions with transactional.id " + transactions.id()
                    + ": initTransactions() threw " + e, e);
        }
    }

    /** A record may wait for memory and then for its delivery; a run in which even that is over goes nowhere. */
    private static long stallNs(ProducerConfig config, Load load) {
        long patienceMs = config.getLong(ProducerConfig.MAX_BLOCK_MS_CONFIG)
                + config.getInt(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG);
        double betweenRecordsMs = load.isPaced() ? 1e3 / load.throughput() : 0;
        return TimeUnit.MILLISECONDS.toNanos((long) (patienceMs + 3 * betweenRecordsMs));
    }

    /** Sends the warm-up records, which no figure counts, waits for their acknowledgements, and for the compiler. */
    public WarmUp.Result warmUp(Duration tick, IntervalListener listener) {
        return new WarmUp(Clock.SYSTEM, stop).send(load.warmupRecords(), count -> phase(count, tick, listener).run(topic, data));
    }

    /** Sends the records and measures. */
    public Measurement measure(Duration tick, IntervalListener listener) {
        ClientMetrics before = ClientMetrics.read(producer);
        PhaseResult result = phase(load.numRecords(), tick, listener).run(topic, data);
        ClientMetrics after = ClientMetrics.read(producer);
        boolean wholeLife = settings.measuresWholeLife();
        return new Measurement(load, result, after.recordsPerRequestSince(before),
                wholeLife ? after.recordsPerBatchSince(before) : Double.NaN,
                wholeLife ? after.batchBytesSince(before) : after.batchBytesAvg());
    }

    private Phase phase(long count, Duration tick, IntervalListener listener) {
        SendMode sends = transactional.<SendMode>map(transactions -> new TransactionalSends(
                producer, transactions.duration().toNanos(), stallNs, Clock.SYSTEM, stop))
                .orElseGet(() -> new PlainSends(producer, stamped));
        return new Phase(sends, load, count, tick.toNanos(), stallNs, stop, listener);
    }

    /** Closes the producer; after a stop without waiting for what is not acknowledged yet. */
    @Override
    public void close() {
        producer.close(stop.getAsBoolean() ? Duration.ZERO : CLOSE_TIMEOUT);
    }
}
