package dev.millrace.internal.producer.metrics;

import java.util.EnumMap;
import java.util.Map;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.metrics.Sensor;
import org.apache.kafka.common.metrics.stats.CumulativeSum;

/**
 * How long callers were held up in the producer's blocking calls, in total nanoseconds a call. Recorded by the calling
 * threads, once a call that blocked, never once a record.
 */
public final class CallMetrics implements AutoCloseable {
    /** A blocking call of the producer. */
    public enum Call {
        /** {@code flush}. */
        FLUSH("flush", "flush"),
        /** The part of {@code send} and {@code partitionsFor} that waits for a topic's metadata. */
        METADATA_WAIT("metadata-wait", "waiting for topic metadata"),
        /** {@code initTransactions}. */
        TXN_INIT("txn-init", "initTransactions"),
        /** {@code beginTransaction}. */
        TXN_BEGIN("txn-begin", "beginTransaction"),
        /** {@code sendOffsetsToTransaction}. */
        TXN_SEND_OFFSETS("txn-send-offsets", "sendOffsetsToTransaction"),
        /** {@code prepareTransaction}. */
        TXN_PREPARE("txn-prepare", "prepareTransaction"),
        /** {@code commitTransaction}. */
        TXN_COMMIT("txn-commit", "commitTransaction"),
        /** {@code abortTransaction}. */
        TXN_ABORT("txn-abort", "abortTransaction");

        private final String metric;
        private final String what;

        Call(String prefix, String what) {
            this.metric = prefix + "-time-ns-total";
            this.what = what;
        }
    }

    private final Metrics metrics;
    private final Map<Call, Sensor> sensors = new EnumMap<>(Call.class); // never changed after construction

    /** Registers a metric for every call, also for those that are never made. */
    public CallMetrics(Metrics metrics) {
        this.metrics = metrics;
        for (Call call : Call.values()) {
            Sensor sensor = metrics.sensor(call.metric);
            sensor.add(metrics.metricName(call.metric, ClientMetrics.GROUP, "Nanoseconds spent in " + call.what + "."),
                    new CumulativeSum());
            sensors.put(call, sensor);
        }
    }

    /** Adds the duration of one call; any thread. */
    public void record(Call call, long durationNs) {
        sensors.get(call).record(durationNs);
    }

    /** Takes the metrics out of the registry, as a closed {@code KafkaProducer} does with these and no others. */
    @Override
    public void close() {
        for (Call call : Call.values()) {
            metrics.removeSensor(call.metric);
        }
    }
}
