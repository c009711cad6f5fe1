package dev.millrace;

import dev.millrace.consumer.RecordHandler;
import dev.millrace.consumer.TransactionalHandler;
import dev.millrace.internal.consumer.commit.Committer;
import dev.millrace.internal.consumer.commit.OutputTransactions;
import dev.millrace.internal.consumer.commit.TransactionalCommitter;
import dev.millrace.internal.consumer.config.ConsumerSettings;
import dev.millrace.internal.consumer.poll.Surroundings;
import dev.millrace.internal.consumer.work.OutputEncoder;
import dev.millrace.internal.consumer.work.RefusedOutputs;
import dev.millrace.internal.consumer.work.TransactionalHandling;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.utils.Time;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a transactional consumer has beside the rest: a producer, its thread, and the serializers of what handlers send. */
final class ConsumerTransactions<K, V> {

    private static final Logger LOG = LoggerFactory.getLogger(ConsumerTransactions.class);

    private final OutputEncoder<?, ?> encoder;
    private final RecordHandler.WithContext<K, V> handler;
    private final RefusedOutputs refused = new RefusedOutputs();
    private final ExecutorService thread;
    private final OutputTransactions transactions;

    /** @throws ConfigException for a value of the producer's configuration that is not valid */
    ConsumerTransactions(ParallelConsumer.Builder<K, V> plan, Surroundings surroundings) {
        Parts parts = plan.transactionalProducer != null ? given(plan, surroundings) : own(plan, surroundings);
        encoder = parts.encoder;
        handler = handler(plan.transactionalHandler, encoder, refused);
        thread = surroundings.outputThread("millrace-transactions-" + plan.configs.get(ConsumerConfig.GROUP_ID_CONFIG));
        transactions = new OutputTransactions(parts.producer, thread);
    }

    @SuppressWarnings("unchecked") // what a handler sends is of the types its serializers are for: nobody but the user can know them
    private static <K, V, A, B> RecordHandler.WithContext<K, V> handler(TransactionalHandler<K, V, A, B> handler, OutputEncoder<?, ?> encoder,
            RefusedOutputs refused) {
        return new TransactionalHandling<>(handler, (OutputEncoder<A, B>) encoder, refused);
    }

    /** @throws IllegalStateException when something is missing, or does not go together */
    static void check(ParallelConsumer.Builder<?, ?> plan) {
        boolean transactional = plan.transactionalHandler != null;
        boolean config = plan.transactionalConfig != null;
        boolean producer = plan.transactionalProducer != null;
        if (transactional && config == producer)
            throw new IllegalStateException((config ? "two producers were" : "no producer was")
                    + " given for the transactional handler: say transactionalProducer(...) once");
        if (!transactional && (config || producer))
            throw new IllegalStateException("a transactional producer was given, and no transactional handler: say"
                    + " transactionalHandler(...)");
        if (plan.deadLetters != null && transactional != (plan.deadLetters.producer() == null))
            throw new IllegalStateException(transactional
                    ? "dead letters of a transactional handler are sent in its transactions: give them no producer of their own"
                    : "dead letters need a producer: say DeadLetters.toTopic(topic, producer)");
    }

    private record Parts(Producer<byte[], byte[]> producer, OutputEncoder<?, ?> encoder) {
    }

    private static Parts given(ParallelConsumer.Builder<?, ?> plan, Surroundings surroundings) {
        Producer<byte[], byte[]> producer = surroundings.outputProducer(plan.transactionalProducer);
        return new Parts(producer, encoder(plan.outputKeys, plan.outputValues, Integer.MAX_VALUE, producer));
    }

    private static Parts own(ParallelConsumer.Builder<?, ?> plan, Surroundings surroundings) {
        Map<String, Object> configs = withAccess(plan.transactionalConfig, plan.configs);
        if (configs.get(ProducerConfig.TRANSACTIONAL_ID_CONFIG) == null)
            throw new ConfigException(ProducerConfig.TRANSACTIONAL_ID_CONFIG, null, "must be given for the producer of a transactional handler,"
                    + " another one for each consumer.");
        Object interceptors = configs.get(ProducerConfig.INTERCEPTOR_CLASSES_CONFIG);
        if (interceptors != null && !interceptors.toString().isBlank() && !List.of().equals(interceptors))
            throw new ConfigException(ProducerConfig.INTERCEPTOR_CLASSES_CONFIG, interceptors, "is not possible for the producer of a"
                    + " transactional handler: it sends bytes, which workers made. Do in the handler what an interceptor would.");
        SerializerConfig config = new SerializerConfig(configs);
        Serializer<?> keys = config.serializer(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, true);
        Serializer<?> values = config.serializer(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, false);
        Producer<byte[], byte[]> producer = surroundings.outputProducer(
                () -> new MillraceProducer<>(configs, new ByteArraySerializer(), new ByteArraySerializer()));
        long maxBytes = Math.min(config.getInt(ProducerConfig.MAX_REQUEST_SIZE_CONFIG), config.getLong(ProducerConfig.BUFFER_MEMORY_CONFIG));
        return new Parts(producer, encoder(keys, values, (int) maxBytes, producer));
    }

    private static <A, B> OutputEncoder<A, B> encoder(Serializer<A> keys, Serializer<B> values, int maxBytes,
                                                      Producer<byte[], byte[]> producer) {
        return new OutputEncoder<>(keys, values, maxBytes, topic -> producer.partitionsFor(topic).size());
    }

    /** Where the cluster is, and how one gets in, as for the consumer; what is said for the producer goes over it. */
    private static Map<String, Object> withAccess(Map<String, Object> producer, Map<String, Object> consumer) {
        Map<String, Object> configs = new HashMap<>(consumer);
        configs.keySet().removeIf(key -> !(key.equals(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG) || key.startsWith("security.")
                || key.startsWith("ssl.") || key.startsWith("sasl.")));
        configs.putAll(producer);
        return configs;
    }

    /** The producer logs the same values. */
    private static final class SerializerConfig extends AbstractConfig {

        SerializerConfig(Map<String, Object> configs) {
            super(ProducerConfig.configDef(), configs, false);
        }

        Serializer<?> serializer(String key, boolean isKey) {
            Serializer<?> serializer = getConfiguredInstance(key, Serializer.class);
            serializer.configure(originals(), isKey);
            return serializer;
        }
    }

    RecordHandler.WithContext<K, V> handler() {
        return handler;
    }

    Committer committer(Consumer<ByteBuffer, ByteBuffer> consumer, ConsumerSettings settings, Committer.Host host, Time time) {
        return new TransactionalCommitter(consumer, transactions, refused, host, new TransactionalCommitter.Settings(
                settings.commitIntervalMs(), settings.commitRecords(), settings.retryBackoffMs()), time);
    }

    /** Aborts what is open, and closes the producer and the serializers. */
    void close(Duration timeout) {
        try {
            thread.shutdown();
            transactions.close(timeout);
            if (!thread.awaitTermination(timeout.toMillis(), TimeUnit.MILLISECONDS))
                thread.shutdownNow();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.error("The producer of the outputs could not be closed", e);
        } finally {
            encoder.close();
        }
    }
}
