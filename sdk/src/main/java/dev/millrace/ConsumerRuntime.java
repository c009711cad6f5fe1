package dev.millrace;

import dev.millrace.consumer.ConsumerStatus;
import dev.millrace.consumer.DeadLetters;
import dev.millrace.consumer.MillraceConsumerConfig;
import dev.millrace.consumer.ProcessingOrder;
import dev.millrace.consumer.UndecodableRecords;
import dev.millrace.internal.consumer.commit.PatientTopicIds;
import dev.millrace.internal.consumer.commit.TopicIds;
import dev.millrace.internal.consumer.config.ConsumerConfigParser;
import dev.millrace.internal.consumer.poll.Aftermath;
import dev.millrace.internal.consumer.poll.InlineConsumer;
import dev.millrace.internal.consumer.poll.PollLoop;
import dev.millrace.internal.consumer.poll.Surroundings;
import dev.millrace.internal.consumer.watch.ConsumerMetrics;
import dev.millrace.internal.consumer.watch.JointMetrics;
import dev.millrace.internal.consumer.watch.StatusReader;
import dev.millrace.internal.consumer.watch.Watch;
import dev.millrace.internal.consumer.work.Attempts;
import dev.millrace.internal.consumer.work.Completions;
import dev.millrace.internal.consumer.work.RecordDecoder;
import dev.millrace.internal.consumer.work.WorkFloor;
import dev.millrace.internal.consumer.work.WorkerThreads;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.InterruptException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Puts a consumer together, starts its threads and ends them. */
final class ConsumerRuntime<K, V> {

    private static final Logger LOG = LoggerFactory.getLogger(ConsumerRuntime.class);
    /** For handlers that were interrupted; those that do not listen to it are left to end by themselves. */
    private static final Duration AFTER_INTERRUPT = Duration.ofSeconds(1);

    private enum State { NEW, RUNNING, CLOSED }

    private final ParallelConsumer.Builder<K, V> plan;
    private final AbstractConfig own;
    private final Surroundings surroundings;
    private final org.apache.kafka.clients.consumer.Consumer<ByteBuffer, ByteBuffer> kafka;
    private final Watch watch;
    private final StatusReader status;
    private final ConsumerMetrics metrics;
    private final WorkFloor floor;
    private final PollLoop loop;
    /** Null without a transactional handler. */
    private final ConsumerTransactions<K, V> transactions;
    private final long drainMs;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread thread;
    /** Written under this; read by any thread. */
    private volatile State state = State.NEW;
    /** Written by the poll thread. */
    private volatile int concurrency;

    ConsumerRuntime(ParallelConsumer.Builder<K, V> plan, Surroundings surroundings) {
        this.plan = plan;
        this.surroundings = surroundings;
        checkPlan(plan);
        ConsumerConfigParser parser = new ConsumerConfigParser(plan.configs, plan.transactionalHandler != null);
        own = parser.own();
        RecordDecoder.Factory<K, V> decoders = new ConfiguredDecoders<>(plan.configs);
        WorkerThreads.check(own.getBoolean(MillraceConsumerConfig.VIRTUAL_THREADS_CONFIG));
        // Those who complete a record wake the loop, which is made last.
        PollLoop[] made = new PollLoop[1];
        Completions completions = new Completions(() -> made[0].wakeup());
        Aftermath.Policies policies = new Aftermath.Policies(plan.retry, deadLetters(), undecodable());
        drainMs = parser.settings().drainMs();
        transactions = plan.transactionalHandler == null ? null : new ConsumerTransactions<>(plan, surroundings);
        floor = floor(decoders, completions);
        watch = watch(parser);
        status = new StatusReader(watch, parser.kafka().getInt(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG),
                parser.settings().handlerTimeoutMs(), surroundings.time());
        concurrency = concurrency();
        kafka = kafka(parser.kafkaConfig());
        loop = new PollLoop(kafka, new PollLoop.Parts(parser.settings(), floor, completions, topicIds(parser), policies,
                plan.rebalanceListener, plan.hungHandlerListener, this::level, watch,
                transactions == null ? PollLoop.Committers.OFFSETS_ONLY : transactions::committer), surroundings.time(), surroundings::park);
        made[0] = loop;
        thread = new Thread(this::run, "millrace-consumer-" + plan.configs.get(ConsumerConfig.GROUP_ID_CONFIG));
        metrics = metrics(parser);
    }

    private Watch watch(ConsumerConfigParser parser) {
        return new Watch(parser.settings().handlerTimeoutMs(), parser.kafka().getLong(ConsumerConfig.METRICS_SAMPLE_WINDOW_MS_CONFIG)
                * parser.kafka().getInt(ConsumerConfig.METRICS_NUM_SAMPLES_CONFIG), surroundings.time());
    }

    private ConsumerMetrics metrics(ConsumerConfigParser parser) {
        try {
            return new ConsumerMetrics(parser.kafka(), watch,
                    new ConsumerMetrics.Others(() -> status().isHealthy(), () -> concurrency), surroundings.time());
        } catch (RuntimeException e) {
            kafka.close();
            closeTransactions(Duration.ZERO);
            throw e;
        }
    }

    private TopicIds topicIds(ConsumerConfigParser parser) {
        TopicIds asked = surroundings.topicIds(parser.kafkaConfig());
        return transactions == null ? asked : new PatientTopicIds(asked, drainMs, surroundings.time());
    }

    private org.apache.kafka.clients.consumer.Consumer<ByteBuffer, ByteBuffer> kafka(Map<String, Object> configs) {
        try {
            return surroundings.consumer(configs);
        } catch (RuntimeException e) {
            closeTransactions(Duration.ZERO);
            throw e;
        }
    }

    private void closeTransactions(Duration timeout) {
        if (transactions != null)
            transactions.close(timeout);
    }

    private static void checkPlan(ParallelConsumer.Builder<?, ?> plan) {
        if (plan.topics.isEmpty() == (plan.pattern == null))
            throw new IllegalStateException(plan.pattern == null ? "no topics were given: say topics(...)"
                    : "both topics and a pattern were given: say topics(...) once");
        long handlers = Stream.of(plan.handler, plan.asyncHandler, plan.batchHandler, plan.transactionalHandler).filter(handler -> handler != null).count();
        if (handlers != 1)
            throw new IllegalStateException((handlers == 0 ? "no handler was given" : "several handlers were given")
                    + ": say one of handler(...), asyncHandler(...), batchHandler(...) and transactionalHandler(...)");
        ConsumerTransactions.check(plan);
        for (String topic : plan.priorities.keySet())
            if (plan.pattern == null && !plan.topics.contains(topic))
                throw new IllegalStateException("a priority was given for '" + topic + "', which is not among the topics " + plan.topics);
    }

    private WorkFloor floor(RecordDecoder.Factory<K, V> decoders, Completions completions) {
        long expireMs = own.getLong(MillraceConsumerConfig.EXPIRE_AFTER_MS_CONFIG);
        Attempts<K, V> attempts = new Attempts<>(completions, surroundings.time(), plan.notBefore, expireMs == 0 ? Long.MAX_VALUE : expireMs);
        ProcessingOrder order = ProcessingOrder.valueOf(own.getString(MillraceConsumerConfig.ORDERING_CONFIG).toUpperCase(Locale.ROOT));
        WorkFloor.Plan<K, V> parts = new WorkFloor.Plan<>(order, concurrency(), levels().size(), attempts, decoders);
        if (plan.asyncHandler != null)
            return WorkFloor.async(parts, plan.asyncHandler);
        if (plan.batchHandler != null)
            return WorkFloor.batches(parts, plan.batchHandler, own.getInt(MillraceConsumerConfig.BATCH_SIZE_CONFIG));
        return WorkFloor.blocking(parts, transactions != null ? transactions.handler() : plan.handler);
    }

    private int concurrency() {
        return own.getInt(MillraceConsumerConfig.CONCURRENCY_CONFIG);
    }

    /** The priorities there are, 0 among them, lowest first. */
    private List<Integer> levels() {
        Set<Integer> priorities = new TreeSet<>(plan.priorities.values());
        priorities.add(0);
        return List.copyOf(priorities);
    }

    private int level(String topic) {
        List<Integer> levels = levels();
        return levels.size() - 1 - levels.indexOf(plan.priorities.getOrDefault(topic, 0));
    }

    private DeadLetters deadLetters() {
        // In a transaction they go the way of its outputs.
        return plan.deadLetters == null || plan.deadLetters.producer() == null ? plan.deadLetters
                : DeadLetters.toTopics(plan.deadLetters::topicFor, surroundings.deadLetterProducer(plan.deadLetters.producer()));
    }

    private UndecodableRecords undecodable() {
        String name = own.getString(MillraceConsumerConfig.UNDECODABLE_CONFIG);
        if (name == null)
            return plan.deadLetters == null ? UndecodableRecords.STOP : UndecodableRecords.DEAD_LETTER;
        UndecodableRecords policy = UndecodableRecords.valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_'));
        if (policy == UndecodableRecords.DEAD_LETTER && plan.deadLetters == null)
            throw new ConfigException(MillraceConsumerConfig.UNDECODABLE_CONFIG, name, "needs dead letters: say deadLetters(...).");
        return policy;
    }

    // ---------------------------------------------------------------- life

    synchronized void start() {
        if (state != State.NEW)
            throw new IllegalStateException("the consumer was " + (state == State.RUNNING ? "started" : "closed") + " before");
        watch.begin();
        state = State.RUNNING;
        thread.start();
    }

    private void run() {
        try {
            floor.start(concurrency(), WorkerThreads.factory(own.getBoolean(MillraceConsumerConfig.VIRTUAL_THREADS_CONFIG),
                    thread.getName()), loop::workerDied);
            subscribe(loop.rebalances());
        } catch (RuntimeException | Error e) {
            // The loop ends with it at once, as with whatever happens later.
            loop.execute(() -> {
                throw e;
            });
        }
        try {
            loop.run();
            endWorkers();
        } finally {
            closeTransactions(Duration.ofMillis(drainMs));
            metrics.close();
            ended.countDown();
        }
        tellFailure();
    }

    private void subscribe(ConsumerRebalanceListener listener) {
        if (plan.pattern != null)
            kafka.subscribe(plan.pattern, listener);
        else
            kafka.subscribe(plan.topics, listener);
    }

    private void endWorkers() {
        try {
            // The drain has waited for handlers; what still runs was given up.
            if (!floor.close(Duration.ofMillis(1))) {
                floor.interrupt();
                if (!floor.close(AFTER_INTERRUPT))
                    LOG.warn("Handlers are still running though they were interrupted; their threads end when they do");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void tellFailure() {
        if (loop.failure() == null)
            return;
        try {
            plan.failureListener.accept(asKafka(loop.failure()));
        } catch (RuntimeException e) {
            LOG.error("The failure listener threw", e);
        }
    }

    private static KafkaException asKafka(RuntimeException failure) {
        return failure instanceof KafkaException kafka ? kafka : new KafkaException("The consumer failed", failure);
    }

    boolean awaitTermination(Duration timeout) throws InterruptedException {
        boolean over = ended.await(timeout.toNanos(), TimeUnit.NANOSECONDS);
        if (over)
            throwFailure();
        return over;
    }

    private void throwFailure() {
        if (loop.failure() != null)
            throw new KafkaException("The consumer ended by itself: " + loop.failure().getMessage(), loop.failure());
    }

    void close() {
        State before;
        synchronized (this) {
            before = state;
            state = State.CLOSED;
        }
        if (before == State.NEW) {
            kafka.close();
            closeTransactions(Duration.ZERO);
            metrics.close();
            ended.countDown();
        }
        if (before != State.RUNNING)
            return;
        loop.close();
        try {
            ended.await();
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
        throwFailure();
    }

    /** This, for somebody who has no need of its threads. */
    InlineConsumer inline() {
        return new InlineConsumer() {
            @Override
            public PollLoop loop() {
                return loop;
            }

            @Override
            public WorkFloor floor() {
                return floor;
            }

            @Override
            public void begin(ConsumerRebalanceListener listener) {
                watch.begin();
                state = State.RUNNING;
                subscribe(listener);
            }

            @Override
            public void resize(int count) {
                ConsumerRuntime.this.resizeNow(count);
            }

            @Override
            public void end() {
                state = State.CLOSED;
                closeTransactions(Duration.ofMillis(drainMs));
                metrics.close();
                ended.countDown();
                tellFailure();
            }

            @Override
            public KafkaException failure() {
                return loop.failure() == null ? null : asKafka(loop.failure());
            }

            @Override
            public ConsumerStatus status() {
                return ConsumerRuntime.this.status();
            }
        };
    }

    // ---------------------------------------------------------------- wishes

    void execute(Consumer<PollLoop> wish) {
        loop.execute(() -> wish.accept(loop));
    }

    /** Has the poll thread do something and waits for it. */
    void call(Consumer<PollLoop> wish) {
        synchronized (this) {
            if (state != State.RUNNING)
                throw new IllegalStateException("the consumer does not run");
        }
        CompletableFuture<Void> done = new CompletableFuture<>();
        execute(poll -> {
            try {
                wish.accept(poll);
                done.complete(null);
            } catch (RuntimeException e) {
                done.completeExceptionally(e);
            }
        });
        awaitWish(done);
    }

    private void awaitWish(CompletableFuture<Void> done) {
        try {
            while (true) {
                // Not for ever: the loop may end before it comes to it.
                if (ended.await(0, TimeUnit.NANOSECONDS) && !done.isDone())
                    throw new IllegalStateException("the consumer has ended");
                try {
                    done.get(100, TimeUnit.MILLISECONDS);
                    return;
                } catch (java.util.concurrent.TimeoutException e) {
                    // Look again whether there is still somebody to do it.
                }
            }
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        } catch (ExecutionException e) {
            throw (RuntimeException) e.getCause();
        }
    }

    void resize(int concurrency) {
        call(poll -> resizeNow(concurrency));
    }

    private void resizeNow(int count) {
        floor.resize(count);
        concurrency = count;
    }

    // ---------------------------------------------------------------- what is to be seen

    Map<MetricName, ? extends Metric> metrics() {
        return new JointMetrics(kafka.metrics(), metrics.all());
    }

    ConsumerStatus status() {
        RuntimeException failure = loop.failure();
        return status.read(seenState(failure), failure == null ? null : asKafka(failure), concurrency);
    }

    private ConsumerStatus.State seenState(RuntimeException failure) {
        if (failure != null)
            return ConsumerStatus.State.FAILED;
        return switch (state) {
            case NEW -> ConsumerStatus.State.NEW;
            case RUNNING -> ConsumerStatus.State.RUNNING;
            case CLOSED -> ended.getCount() == 0 ? ConsumerStatus.State.CLOSED : ConsumerStatus.State.CLOSING;
        };
    }
}
