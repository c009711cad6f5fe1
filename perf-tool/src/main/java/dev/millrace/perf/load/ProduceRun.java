package dev.millrace.perf.load;

import dev.millrace.perf.spec.Load;
import dev.millrace.perf.spec.ProduceSpec;
import dev.millrace.perf.spec.UsageException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigException;

/** One measured run on one producer: warm-up, flush, baselines, measurement. For one thread. */
public final class ProduceRun implements AutoCloseable {
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    private final Load load;
    private final long stallNs;
    private final StopSignal stop;
    private final String topic;
    private final byte[][] values;
    private final byte[][] keys;
    private final Producer<byte[], byte[]> producer;

    /**
     * Makes the data and opens the producer.
     *
     * @throws UsageException when the payload file or the client's settings are wrong
     */
    public ProduceRun(ProduceSpec spec, String bootstrapServers, String topic, StopSignal stop) {
        this.load = spec.load();
        this.stop = stop;
        this.topic = topic;
        this.values = PayloadSource.values(load);
        this.keys = PayloadSource.keys(load.keyCardinality());
        try {
            ProducerConfig config = new ProducerConfig(spec.settings().forProducer(bootstrapServers));
            this.stallNs = stallNs(config, load);
            this.producer = spec.client().open(spec.settings().forProducer(bootstrapServers));
        } catch (KafkaException e) {
            throw new UsageException(rootMessage(e), e);
        }
    }

    /** A record may wait for memory and then for its delivery; a run in which even that is over goes nowhere. */
    private static long stallNs(ProducerConfig config, Load load) {
        long patienceMs = config.getLong(ProducerConfig.MAX_BLOCK_MS_CONFIG)
                + config.getInt(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG);
        double betweenRecordsMs = load.isPaced() ? 1e3 / load.throughput() : 0;
        return TimeUnit.MILLISECONDS.toNanos((long) (patienceMs + 3 * betweenRecordsMs));
    }

    private static String rootMessage(KafkaException e) {
        Throwable cause = e;
        while (!(cause instanceof ConfigException) && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return "the client refuses its settings: " + cause.getMessage();
    }

    /** Sends the warm-up records, which no figure counts, and waits for their acknowledgements. */
    public PhaseResult warmUp(Duration tick, IntervalListener listener) {
        return phase(load.warmupRecords(), tick, listener).run(topic, values, keys);
    }

    /** Sends the records and measures. */
    public Measurement measure(Duration tick, IntervalListener listener) {
        ClientMetrics before = ClientMetrics.read(producer);
        PhaseResult result = phase(load.numRecords(), tick, listener).run(topic, values, keys);
        ClientMetrics after = ClientMetrics.read(producer);
        return new Measurement(load, result, after.recordsPerRequestSince(before), after.batchBytesAvg());
    }

    private Phase phase(long count, Duration tick, IntervalListener listener) {
        return new Phase(producer, load, count, tick.toNanos(), stallNs, stop, listener);
    }

    /** Closes the producer; after a stop without waiting for what is not acknowledged yet. */
    @Override
    public void close() {
        producer.close(stop.getAsBoolean() ? Duration.ZERO : CLOSE_TIMEOUT);
    }
}
