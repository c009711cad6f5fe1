package dev.millrace;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.metrics.MetricsReporter;
import org.apache.kafka.server.telemetry.ClientTelemetryContext;
import org.apache.kafka.server.telemetry.ClientTelemetryExporter;
import org.apache.kafka.server.telemetry.ClientTelemetryExporterProvider;
import org.apache.kafka.server.telemetry.ClientTelemetryPayload;
import org.apache.kafka.shaded.com.google.protobuf.InvalidProtocolBufferException;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.MetricsData;

/**
 * A broker's plugin (KIP-714), which writes down who pushed which metrics: a line a push to the file of the broker's property
 * {@value #FILE}, of client id, instance id and the names, separated by blanks.
 */
public final class PushedMetrics implements MetricsReporter, ClientTelemetryExporterProvider, ClientTelemetryExporter {

    static final String FILE = "millrace.test.pushed.metrics.file";

    private Path file;

    /** One push. */
    record Push(String clientId, String instanceId, List<String> names) {
    }

    /** What was pushed until now. */
    static List<Push> read(Path file) throws IOException {
        if (!Files.exists(file))
            return List.of();
        String text = Files.readString(file);
        // The broker may be in the middle of a line.
        return text.substring(0, text.lastIndexOf('\n') + 1).lines().map(line -> line.split(" "))
                .map(parts -> new Push(parts[0], parts[1], List.of(parts).subList(2, parts.length)))
                .toList();
    }

    @Override
    public void configure(Map<String, ?> configs) {
        file = Path.of((String) configs.get(FILE));
    }

    @Override
    public ClientTelemetryExporter clientTelemetryExporter() {
        return this;
    }

    @Override
    public synchronized void exportMetrics(ClientTelemetryContext context, ClientTelemetryPayload payload) {
        TreeSet<String> names = new TreeSet<>();
        try {
            MetricsData.parseFrom(payload.data()).getResourceMetricsList().forEach(resource -> resource.getScopeMetricsList()
                    .forEach(scope -> scope.getMetricsList().forEach(metric -> names.add(metric.getName()))));
            String line = String.join(" ", context.authorizableRequestContext().clientId(),
                    payload.clientInstanceId().toString(), String.join(" ", names));
            Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void init(List<KafkaMetric> metrics) {
    }

    @Override
    public void metricChange(KafkaMetric metric) {
    }

    @Override
    public void metricRemoval(KafkaMetric metric) {
    }

    @Override
    public void close() {
    }
}
