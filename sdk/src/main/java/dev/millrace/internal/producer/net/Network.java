package dev.millrace.internal.producer.net;

import dev.millrace.internal.producer.config.ProducerSettings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.ApiVersions;
import org.apache.kafka.clients.ClientUtils;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.DefaultHostResolver;
import org.apache.kafka.clients.KafkaClient;
import org.apache.kafka.clients.MetadataRecoveryStrategy;
import org.apache.kafka.clients.NetworkClient;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.internals.ProducerMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.metrics.MetricsReporter;
import org.apache.kafka.common.metrics.Sensor;
import org.apache.kafka.common.network.ChannelBuilder;
import org.apache.kafka.common.network.Selector;
import org.apache.kafka.common.telemetry.internals.ClientTelemetryReporter;
import org.apache.kafka.common.telemetry.internals.ClientTelemetryUtils;
import org.apache.kafka.common.utils.AppInfoParser;
import org.apache.kafka.common.utils.KafkaThread;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.common.utils.Utils;
import org.slf4j.Logger;

/**
 * Makes the pieces of kafka-clients that a producer talks to brokers with: metadata, network client, telemetry (KIP-714).
 * Made once for a producer; any thread.
 */
public final class Network {

    /** What brokers themselves take for a request at most, by default; more is no answer, and may be more than there is memory. */
    private static final int MAX_ANSWER_BYTES = 100 << 20;
    private static final String METRIC_GROUP_PREFIX = "producer";

    private final ProducerSettings settings;
    private final LogContext logContext;
    private final Time time;
    private final Optional<ClientTelemetryReporter> telemetry;
    /** Set by {@link #connect}, on the thread that constructs the producer. */
    private ProducerMetadata metadata;

    public Network(ProducerSettings settings, Time time) {
        this.settings = settings;
        String transactionalId = settings.transactions().transactionalId();
        this.logContext = new LogContext("[Producer clientId=" + settings.clientId()
                + (transactionalId == null ? "" : ", transactionalId=" + transactionalId) + "] ");
        this.time = time;
        this.telemetry = CommonClientConfigs.telemetryReporter(settings.clientId(), settings.config());
    }

    /** A logger whose lines begin with the client's id, as those of kafka-clients' own classes do. */
    public Logger logger(Class<?> forClass) {
        return logContext.logger(forClass);
    }

    /** A daemon that logs what kills it. */
    public Thread thread(String name, Runnable runnable) {
        return new KafkaThread(name, runnable, true);
    }

    /** Shows version and start time under Kafka's names, as metrics and in JMX. */
    public void registerAppInfo(String jmxPrefix, Metrics metrics) {
        AppInfoParser.registerAppInfo(jmxPrefix, settings.clientId(), metrics, time.milliseconds());
    }

    /** Takes it away again. */
    public void unregisterAppInfo(String jmxPrefix, Metrics metrics) {
        AppInfoParser.unregisterAppInfo(jmxPrefix, settings.clientId(), metrics);
    }

    /** Telemetry is a reporter among the metrics' reporters, when {@code enable.metrics.push} is on. */
    public void addTelemetry(List<MetricsReporter> reporters) {
        telemetry.ifPresent(reporters::add);
    }

    /**
     * Resolves {@code bootstrap.servers} and makes the network client; connects to nothing yet.
     *
     * @param listeners groups of objects of which those that listen to the cluster's id are told it
     */
    public BrokerClient connect(Metrics metrics, Sensor throttleTime, List<? extends List<?>> listeners) {
        ProducerConfig config = settings.config();
        var addresses = ClientUtils.parseAndValidateAddresses(config);
        metadata = new ProducerMetadata(settings.delivery().retryBackoffMs(), settings.delivery().retryBackoffMaxMs(),
                settings.metadataCaching().maxAgeMs(), settings.metadataCaching().maxIdleMs(), logContext,
                ClientUtils.configureClusterResourceListeners(listeners.toArray(List[]::new)), time);
        metadata.bootstrap(addresses);
        ApiVersions versions = new ApiVersions();
        boolean rebootstraps = MetadataRecoveryStrategy.forName(config.getString(
                CommonClientConfigs.METADATA_RECOVERY_STRATEGY_CONFIG)) == MetadataRecoveryStrategy.REBOOTSTRAP;
        KafkaClient client = new RestartingClient(() -> client(metrics, throttleTime, versions),
                rebootstraps ? metadata::rebootstrap : () -> { }, time, logger(RestartingClient.class));
        return new BrokerClient(client, metadata, versions, settings.delivery().acks(), settings.delivery().requestTimeoutMs(),
                settings.transactions().transactionalId());
    }

    /** As {@code ClientUtils} makes it, with its words when it can't be made, but for the limit to what an answer may say of its size. */
    private RestartingClient.Connected client(Metrics metrics, Sensor throttleTime, ApiVersions versions) {
        ChannelBuilder channels = null;
        Selector selector = null;
        try {
            channels = ClientUtils.createChannelBuilder(settings.config(), time, logContext);
            selector = new Selector(MAX_ANSWER_BYTES, settings.config().getLong(CommonClientConfigs.CONNECTIONS_MAX_IDLE_MS_CONFIG),
                    metrics, time, METRIC_GROUP_PREFIX, Map.of(), true, channels, logContext);
            return new RestartingClient.Connected(client(selector, throttleTime, versions), selector);
        } catch (RuntimeException e) {
            Utils.closeQuietly(selector == null ? channels : selector, "connections of a network client that could not be made");
            throw new KafkaException("Failed to create new NetworkClient", e);
        }
    }

    private NetworkClient client(Selector selector, Sensor throttleTime, ApiVersions versions) {
        ProducerConfig config = settings.config();
        return new NetworkClient(null, metadata, selector, settings.clientId(),
                settings.delivery().maxInFlight(),
                config.getLong(CommonClientConfigs.RECONNECT_BACKOFF_MS_CONFIG),
                config.getLong(CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG),
                config.getInt(CommonClientConfigs.SEND_BUFFER_CONFIG),
                config.getInt(CommonClientConfigs.RECEIVE_BUFFER_CONFIG),
                settings.delivery().requestTimeoutMs(),
                config.getLong(CommonClientConfigs.SOCKET_CONNECTION_SETUP_TIMEOUT_MS_CONFIG),
                config.getLong(CommonClientConfigs.SOCKET_CONNECTION_SETUP_TIMEOUT_MAX_MS_CONFIG),
                time, true, versions, throttleTime, logContext, new DefaultHostResolver(),
                telemetry.map(ClientTelemetryReporter::telemetrySender).orElse(null),
                config.getLong(CommonClientConfigs.METADATA_RECOVERY_REBOOTSTRAP_TRIGGER_MS_CONFIG),
                MetadataRecoveryStrategy.forName(config.getString(CommonClientConfigs.METADATA_RECOVERY_STRATEGY_CONFIG)));
    }

    /** What {@link #connect} made, for the threads that send. */
    public ProducerMetadata metadata() {
        return metadata;
    }

    /** When metadata last came, ms. */
    public long lastMetadataUpdateMs() {
        return metadata.lastSuccessfulUpdate();
    }

    /**
     * The client's id for telemetry.
     *
     * @throws IllegalStateException when {@code enable.metrics.push} is false
     */
    public Uuid clientInstanceId(Duration timeout) {
        return ClientTelemetryUtils.fetchClientInstanceId(telemetry.orElseThrow(() -> new IllegalStateException(
                "Telemetry is not enabled. Set config `" + ProducerConfig.ENABLE_METRICS_PUSH_CONFIG + "` to `true`.")), timeout);
    }

    public void subscribe(KafkaMetric metric) {
        telemetry.ifPresent(reporter -> reporter.metricChange(metric));
    }

    public void unsubscribe(KafkaMetric metric) {
        telemetry.ifPresent(reporter -> reporter.metricRemoval(metric));
    }

    /** Lets the last metrics be sent before the connections close. */
    public void initiateClose() {
        telemetry.ifPresent(ClientTelemetryReporter::initiateClose);
    }

    public void close() {
        telemetry.ifPresent(ClientTelemetryReporter::close);
    }
}
