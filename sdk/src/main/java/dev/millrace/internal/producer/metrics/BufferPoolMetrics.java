package dev.millrace.internal.producer.metrics;

import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.metrics.Sensor;
import org.apache.kafka.common.metrics.stats.Meter;

/** The memory of {@code buffer.memory}: how much is left, and how long callers waited for it. */
public final class BufferPoolMetrics {
    private final Metrics metrics;
    private final Sensor waitTime;
    private final Sensor exhausted;

    /** Registers what is recorded; {@link #bind} registers what is looked up in the pool. */
    public BufferPoolMetrics(Metrics metrics) {
        this.metrics = metrics;
        waitTime = metrics.sensor("bufferpool-wait-time");
        waitTime.add(new Meter(TimeUnit.NANOSECONDS,
                metrics.metricName("bufferpool-wait-ratio", ClientMetrics.GROUP,
                        "The share of time in which a caller waits for buffer memory."),
                metrics.metricName("bufferpool-wait-time-ns-total", ClientMetrics.GROUP,
                        "Nanoseconds callers have waited for buffer memory.")));
        exhausted = metrics.sensor("buffer-exhausted-records");
        exhausted.add(new Meter(
                metrics.metricName("buffer-exhausted-rate", ClientMetrics.GROUP,
                        "Records a second refused because no buffer memory came free in time."),
                metrics.metricName("buffer-exhausted-total", ClientMetrics.GROUP,
                        "Records refused because no buffer memory came free in time.")));
    }

    /**
     * Registers the gauges; once, when the pool exists. They are read by whoever looks at the metrics, on any thread.
     *
     * @param waitingThreads callers that wait for memory now
     * @param totalBytes     what the pool may hand out
     * @param availableBytes what it has not handed out
     */
    public void bind(IntSupplier waitingThreads, LongSupplier totalBytes, LongSupplier availableBytes) {
        gauge("waiting-threads", "Callers that wait for buffer memory now.", waitingThreads::getAsInt);
        gauge("buffer-total-bytes", "The most buffer memory the producer may use.", totalBytes);
        gauge("buffer-available-bytes", "Buffer memory that is free.", availableBytes);
    }

    /** A caller waited, whether it then got memory or not; on that caller's thread. */
    public void waited(long durationNs, long nowMs) {
        waitTime.record(durationNs, nowMs, false);
    }

    /** A caller gave up waiting, so that its record is refused; on that caller's thread. */
    public void exhausted() {
        exhausted.record();
    }

    private void gauge(String name, String description, LongSupplier value) {
        metrics.addMetric(metrics.metricName(name, ClientMetrics.GROUP, description),
                (config, nowMs) -> value.getAsLong());
    }
}
