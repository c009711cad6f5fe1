package dev.millrace;

import dev.millrace.consumer.AsyncRecordHandler;
import dev.millrace.consumer.BatchHandler;
import dev.millrace.consumer.ConsumerStatus;
import dev.millrace.consumer.DeadLetters;
import dev.millrace.consumer.HungHandlerListener;
import dev.millrace.consumer.MillraceConsumerConfig;
import dev.millrace.consumer.ProcessingOrder;
import dev.millrace.consumer.RebalanceListener;
import dev.millrace.consumer.RecordHandler;
import dev.millrace.consumer.RetryPolicy;
import dev.millrace.consumer.TransactionalHandler;
import dev.millrace.consumer.UndecodableRecords;
import dev.millrace.internal.consumer.poll.InlineConsumer;
import dev.millrace.internal.consumer.poll.Surroundings;
import dev.millrace.internal.consumer.watch.MetricsOnlyConsumer;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.utils.Utils;

/**
 * Reads topics with many threads, keeps the order that matters, and commits nothing that is not done.
 *
 * <p>One thread polls Kafka's own consumer; workers deserialize and call the handler. A record is done when its handler returned (or
 * its stage completed), when it was given to the {@link DeadLetters} and acknowledged, or when a policy says that it is to be skipped.
 * Committed is, for each partition, the offset before which all is done; what is done beyond it goes along in the commit's metadata
 * and is not handled again. A crash makes at most those records come again that were not committed: at least once, in order.
 *
 * <p>All methods may be called by any thread, but not by handlers where they wait: {@link #close()} from a handler would wait for itself.
 *
 * @param <K> the key's type
 * @param <V> the value's type
 */
public final class ParallelConsumer<K, V> implements AutoCloseable {

    private final ConsumerRuntime<K, V> runtime;

    private ParallelConsumer(ConsumerRuntime<K, V> runtime) {
        this.runtime = runtime;
    }

    /**
     * A consumer with the keys of Kafka's {@code ConsumerConfig}, deserializers included, and of
     * {@link dev.millrace.consumer.MillraceConsumerConfig}.
     */
    public static <K, V> Builder<K, V> builder(Map<String, ?> configs) {
        return new Builder<>(new HashMap<>(configs));
    }

    /** As {@link #builder(Map)}. */
    public static <K, V> Builder<K, V> builder(Properties properties) {
        return new Builder<>(Utils.propsToMap(properties));
    }

    /**
     * Joins the group and begins.
     *
     * @throws IllegalStateException when it was started or closed before
     */
    public void start() {
        runtime.start();
    }

    /** Stops fetching all partitions, until {@link #resume()}; what was fetched is handled. Takes effect soon. */
    public void pause() {
        runtime.execute(loop -> loop.pauseAll(true));
    }

    /** Goes on after {@link #pause()}. */
    public void resume() {
        runtime.execute(loop -> loop.pauseAll(false));
    }

    /** Stops fetching these partitions, also those that are assigned later, until {@link #resume(Collection)}. */
    public void pause(Collection<TopicPartition> partitions) {
        List<TopicPartition> copy = List.copyOf(partitions);
        runtime.execute(loop -> loop.pause(copy, true));
    }

    /** Goes on with partitions after {@link #pause(Collection)}. */
    public void resume(Collection<TopicPartition> partitions) {
        List<TopicPartition> copy = List.copyOf(partitions);
        runtime.execute(loop -> loop.pause(copy, false));
    }

    /**
     * Goes on elsewhere in a partition. What is queued is dropped; handlers that run finish, and may overlap with the same records when
     * they come again. Blocks until it took effect.
     *
     * @throws IllegalStateException when the partition is not assigned to this consumer, or the consumer does not run
     */
    public void seek(TopicPartition partition, long offset) {
        runtime.call(loop -> loop.seek(partition, offset));
    }

    /**
     * Changes how many records are handled at once, from 1 on. Blocks until it took effect; when it becomes less, handlers that run finish.
     */
    public void concurrency(int concurrency) {
        if (concurrency < 1)
            throw new IllegalArgumentException("concurrency must be 1 or more, was " + concurrency);
        runtime.resize(concurrency);
    }

    /**
     * Changes how many records may be begun in a second, those that are tried again included; 0 for no limit. Takes effect soon.
     *
     * @throws IllegalArgumentException when it is negative, infinite or not a number
     */
    public void rateLimit(double recordsPerSecond) {
        if (!(recordsPerSecond >= 0 && recordsPerSecond < Double.POSITIVE_INFINITY))
            throw new IllegalArgumentException("records per second must be 0 (no limit) or a number above, was " + recordsPerSecond);
        runtime.execute(loop -> loop.rateLimit(recordsPerSecond));
    }

    /**
     * The metrics of Kafka's consumer and this one's own, those of the groups {@code parallel-consumer-metrics} and
     * {@code parallel-consumer-partition-metrics}. As Kafka's, the map is a view: partitions come and go in it. Reading it and its
     * metrics waits for no thread of the consumer; also after the end.
     */
    public Map<MetricName, ? extends Metric> metrics() {
        return runtime.metrics();
    }

    /**
     * The {@link #metrics} as a consumer of Kafka's interface, for binders that want one, such as Micrometer's
     * {@code KafkaClientMetrics}. Everything but {@link org.apache.kafka.clients.consumer.Consumer#metrics} throws
     * {@link UnsupportedOperationException}, closing it included. Any thread.
     */
    public org.apache.kafka.clients.consumer.Consumer<K, V> asMetricsConsumer() {
        return MetricsOnlyConsumer.of(this::metrics);
    }

    /**
     * What the consumer is doing. Waits for nobody, so also handlers and listeners may ask; at any time, before the start and after
     * the end too.
     */
    public ConsumerStatus status() {
        return runtime.status();
    }

    /**
     * Whether things go on, or there is nothing to do. It is false, and {@link ConsumerStatus#problems} say why, when
     * <ul>
     * <li>the consumer ended by itself, or was closed;
     * <li>it runs, and the poll thread did not come round for {@code max.poll.interval.ms}; or
     * <li>a partition is stuck: for {@code millrace.consumer.handler.timeout.ms} its oldest unfinished record has been the same and
     * has neither begun another attempt, nor waited for a retry, for its time, or for its dead letter to be taken. Not when that
     * time-out is 0.
     * </ul>
     * So handlers may take their time, below that time-out, and queues may be long. Healthy are also a record that fails and is tried
     * again for ever, which {@link ConsumerStatus} tells by the age of the oldest record; a consumer without partitions; one that is
     * paused; one whose commits fail; and one that was not started. Waits for nobody.
     */
    public boolean isHealthy() {
        return runtime.status().isHealthy();
    }

    /**
     * Waits for the end: {@link #close}, or a failure.
     *
     * @return whether it has ended within the time
     * @throws KafkaException the reason, when it ended by itself
     */
    public boolean awaitTermination(Duration timeout) throws InterruptedException {
        return runtime.awaitTermination(timeout);
    }

    /**
     * Ends: takes no more records, waits for handlers that run (at most {@code millrace.consumer.drain.timeout.ms}), commits, and leaves the
     * group. Handlers that still run then are interrupted. Does nothing the second time.
     *
     * @throws KafkaException the reason, when the consumer had ended by itself
     */
    @Override
    public void close() {
        runtime.close();
    }

    /**
     * What a consumer is made of. Not for use by several threads; builds one consumer.
     *
     * @param <K> the key's type
     * @param <V> the value's type
     */
    public static final class Builder<K, V> {

        final Map<String, Object> configs;
        Collection<String> topics = List.of();
        Pattern pattern;
        final Map<String, Integer> priorities = new HashMap<>();
        RecordHandler.WithContext<K, V> handler;
        AsyncRecordHandler<K, V> asyncHandler;
        BatchHandler<K, V> batchHandler;
        TransactionalHandler<K, V, ?, ?> transactionalHandler;
        Map<String, Object> transactionalConfig;
        Supplier<? extends Producer<byte[], byte[]>> transactionalProducer;
        Serializer<?> outputKeys;
        Serializer<?> outputValues;
        RetryPolicy retry = RetryPolicy.exponential(Duration.ofMillis(100), Duration.ofSeconds(30));
        DeadLetters deadLetters;
        Function<ConsumerRecord<K, V>, Instant> notBefore;
        RebalanceListener rebalanceListener = new RebalanceListener() { };
        HungHandlerListener hungHandlerListener = (partition, offset, since) -> { };
        Consumer<KafkaException> failureListener = failure -> { };

        private Builder(Map<String, Object> configs) {
            this.configs = configs;
        }

        /** The topics to read. */
        public Builder<K, V> topics(String... topics) {
            return topics(List.of(topics));
        }

        /** The topics to read. */
        public Builder<K, V> topics(Collection<String> topics) {
            this.topics = List.copyOf(topics);
            return this;
        }

        /** The topics to read: all that match, also those made later. */
        public Builder<K, V> topics(Pattern pattern) {
            this.pattern = Objects.requireNonNull(pattern, "pattern");
            return this;
        }

        /**
         * Has workers take records of a topic before those of topics with a lower priority; 0 is that of all others. While records of a
         * higher one are ready, none of a lower one begins.
         */
        public Builder<K, V> priority(String topic, int priority) {
            priorities.put(Objects.requireNonNull(topic, "topic"), priority);
            return this;
        }

        /** Which records must not overtake each other; {@link ProcessingOrder#KEY} unless said otherwise. */
        public Builder<K, V> ordering(ProcessingOrder order) {
            return config(MillraceConsumerConfig.ORDERING_CONFIG, order.name().toLowerCase(Locale.ROOT));
        }

        /** How many records are handled at once; 16 unless said otherwise. */
        public Builder<K, V> concurrency(int concurrency) {
            return config(MillraceConsumerConfig.CONCURRENCY_CONFIG, concurrency);
        }

        /** Whether handlers run on virtual threads, which needs a JDK 21 or newer; false unless said otherwise. */
        public Builder<K, V> virtualThreads(boolean virtual) {
            return config(MillraceConsumerConfig.VIRTUAL_THREADS_CONFIG, virtual);
        }

        /** How many records may be begun in a second, those that are tried again included; no limit (0) unless said otherwise. */
        public Builder<K, V> rateLimit(double recordsPerSecond) {
            return config(MillraceConsumerConfig.MAX_RECORDS_PER_SECOND_CONFIG, recordsPerSecond);
        }

        /** A setting, as in the configuration. */
        public Builder<K, V> config(String key, Object value) {
            configs.put(key, value);
            return this;
        }

        /** The user's code for one record. */
        public Builder<K, V> handler(RecordHandler<K, V> handler) {
            Objects.requireNonNull(handler, "handler");
            this.handler = (record, context) -> handler.handle(record);
            return this;
        }

        /** The user's code for one record. */
        public Builder<K, V> handler(RecordHandler.WithContext<K, V> handler) {
            this.handler = Objects.requireNonNull(handler, "handler");
            return this;
        }

        /** The user's code for one record, whose work ends elsewhere. */
        public Builder<K, V> asyncHandler(AsyncRecordHandler<K, V> handler) {
            this.asyncHandler = Objects.requireNonNull(handler, "handler");
            return this;
        }

        /** The user's code for several records at once. */
        public Builder<K, V> batchHandler(BatchHandler<K, V> handler) {
            this.batchHandler = Objects.requireNonNull(handler, "handler");
            return this;
        }

        /**
         * The user's code for one record, of which other records come: those are committed together with the record's offset, in a
         * producer's transactions, so that who reads committed records sees what came of each record once. Needs
         * {@link #transactionalProducer(Map)} or {@link #transactionalProducer(Supplier, Serializer, Serializer)}. Topics are read with
         * {@code isolation.level=read_committed}.
         *
         * @param <A> the type of the keys it sends
         * @param <B> the type of the values it sends
         */
        public <A, B> Builder<K, V> transactionalHandler(TransactionalHandler<K, V, A, B> handler) {
            this.transactionalHandler = Objects.requireNonNull(handler, "handler");
            return this;
        }

        /**
         * What a transactional handler sends with: a {@link MillraceProducer} that this consumer makes and closes.
         *
         * @param configs keys of Kafka's {@code ProducerConfig} and Millrace's; {@code transactional.id} must be among them, another one for
         *     each consumer, and best the same again after a restart: then what a consumer left open when it died is ended at once, and
         *     not after {@code transaction.timeout.ms}. Where the cluster is and how one gets in is taken from the consumer's
         *     configuration when it is not said. A partitioner sees keys and values as bytes only; interceptors are refused.
         */
        public Builder<K, V> transactionalProducer(Map<String, ?> configs) {
            this.transactionalConfig = new HashMap<>(configs);
            return this;
        }

        /**
         * What a transactional handler sends with: any producer.
         *
         * @param producer called once, by {@link #build}, for a producer with a {@code transactional.id} of its own that nobody else
         *     uses; the consumer closes it
         * @param keys serializes keys on many threads at once, as they do in Kafka's producer; the consumer closes it
         * @param values the same of values
         */
        public <A, B> Builder<K, V> transactionalProducer(Supplier<? extends Producer<byte[], byte[]>> producer, Serializer<A> keys,
                Serializer<B> values) {
            this.transactionalProducer = Objects.requireNonNull(producer, "producer");
            this.outputKeys = Objects.requireNonNull(keys, "keys");
            this.outputValues = Objects.requireNonNull(values, "values");
            return this;
        }

        /** When a failed record is tried again; for ever, with 100 ms to 30 s between, unless said otherwise. */
        public Builder<K, V> retry(RetryPolicy policy) {
            this.retry = Objects.requireNonNull(policy, "policy");
            return this;
        }

        /**
         * Where records go that could not be handled; without, the consumer stops at the first one. With a transactional handler those
         * without a producer, and only with it.
         */
        public Builder<K, V> deadLetters(DeadLetters letters) {
            this.deadLetters = Objects.requireNonNull(letters, "letters");
            return this;
        }

        /** What happens to records that can't be deserialized. */
        public Builder<K, V> undecodable(UndecodableRecords policy) {
            return config(MillraceConsumerConfig.UNDECODABLE_CONFIG,
                    policy.name().toLowerCase(Locale.ROOT).replace('_', '-'));
        }

        /**
         * Records are not handled before a time, which the function tells by the record; null is at once. A record that waits holds back
         * those that must not overtake it.
         */
        public Builder<K, V> notBefore(Function<ConsumerRecord<K, V>, Instant> time) {
            this.notBefore = Objects.requireNonNull(time, "time");
            return this;
        }

        /** Records older than this, by their timestamp, are done without a handler; whole milliseconds, above 0. */
        public Builder<K, V> expireAfter(Duration age) {
            if (age.toMillis() < 1)
                throw new IllegalArgumentException("expireAfter must be 1 millisecond or longer, was " + age);
            return config(MillraceConsumerConfig.EXPIRE_AFTER_MS_CONFIG, age.toMillis());
        }

        /** Told when partitions come and go. */
        public Builder<K, V> rebalanceListener(RebalanceListener listener) {
            this.rebalanceListener = Objects.requireNonNull(listener, "listener");
            return this;
        }

        /** Told of handlers that take longer than {@code millrace.consumer.handler.timeout.ms}. */
        public Builder<K, V> hungHandlerListener(HungHandlerListener listener) {
            this.hungHandlerListener = Objects.requireNonNull(listener, "listener");
            return this;
        }

        /** Told once when the consumer ends by itself, on the thread that polled, after it has left the group. */
        public Builder<K, V> failureListener(Consumer<KafkaException> listener) {
            this.failureListener = Objects.requireNonNull(listener, "listener");
            return this;
        }

        /**
         * Checks everything and makes the consumer; it does nothing before {@link ParallelConsumer#start}.
         *
         * @throws org.apache.kafka.common.config.ConfigException for a value that is not valid, or keys that don't go together
         * @throws IllegalStateException when topics or handler are missing or there are several
         * @throws KafkaException when Kafka's consumer can't be made
         */
        public ParallelConsumer<K, V> build() {
            return new ParallelConsumer<>(new ConsumerRuntime<>(this, Surroundings.REAL));
        }

        /**
         * What {@link #build} makes, without threads, and without a cluster. For
         * {@link dev.millrace.consumer.testing.ParallelConsumerTestDriver}, which tests are to use; its types are no public API.
         */
        public InlineConsumer inline(Surroundings surroundings) {
            return new ConsumerRuntime<>(this, surroundings).inline();
        }
    }
}
