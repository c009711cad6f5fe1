package dev.millrace.consumer.testing;

import dev.millrace.ParallelConsumer;
import dev.millrace.consumer.ConsumerStatus;
import dev.millrace.consumer.DeadLetters;
import dev.millrace.internal.consumer.poll.InlineConsumer;
import dev.millrace.internal.consumer.poll.PollLoop;
import dev.millrace.internal.consumer.work.AssignedPartition;
import dev.millrace.internal.consumer.work.Execution;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serializer;

/**
 * Runs what a {@link ParallelConsumer} is built of, the real thing but for Kafka and the clock, on the test's own thread: no broker, no
 * threads, no waiting, and the same in every run.
 *
 * <pre>{@code
 * var builder = ParallelConsumer.<String, String>builder(config)
 *         .topics("orders")
 *         .handler(record -> service.handle(record.value()))
 *         .retry(RetryPolicy.fixed(Duration.ofSeconds(5)).maxAttempts(2))
 *         .deadLetters(DeadLetters.toTopic("orders.dead", producer));
 * var orders = new TopicPartition("orders", 0);
 * try (var driver = ParallelConsumerTestDriver.of(builder, new StringSerializer(), new StringSerializer())) {
 *     driver.assign(orders);
 *     driver.feed(orders, "customer-1", "an order the service refuses");
 *     driver.feed(orders, "customer-2", "another");
 *     driver.run();                                     // the first failed and waits, the second is done
 *     assertEquals(List.of(0L), driver.unfinished(orders));
 *     driver.advance(Duration.ofSeconds(5));            // it fails again: a dead letter
 *     assertEquals("orders.dead", driver.deadLetters().get(0).topic());
 *     driver.advance(Duration.ofSeconds(1));            // the commit interval
 *     assertEquals(2, driver.committed(orders).offset());
 * }
 * }</pre>
 *
 * <p>{@link #feed} puts records into a topic; they are there to be read whether a partition is assigned or not. {@link #run} has the
 * consumer do all it can do at the time it is; {@link #advance} has time pass, and everything that is due meanwhile happens when it is.
 * {@link #assign}, {@link #revoke} and {@link #lose} are rebalances.
 *
 * <ul>
 *   <li>The builder is the application's own. Nothing it names is connected to: dead letters are caught by a {@link MockProducer}, unless the
 *       builder was given one, which is used then, so that sending can be made to fail.
 *   <li>A handler that blocks runs on the test's thread: one record after the other, whatever the concurrency, and a handler that waits for
 *       something waits for ever. How long it takes is said by {@link #tick}, called in the handler. What it throws is a failure to be
 *       tried again, assertion errors too: assert outside of it.
 *   <li>Stages of an asynchronous handler are completed by the test, between two calls of {@link #run}, so {@code concurrency} counts.
 *       Those completed by other threads are seen by the next {@code run} only; wait for them yourself.
 *   <li>Waiting moves the clock: a drain that waits in vain for a stage, and the pause after a failed poll.
 * </ul>
 *
 * <p>Not thread-safe.
 *
 * @param <K> the key's type
 * @param <V> the value's type
 */
public final class ParallelConsumerTestDriver<K, V> implements AutoCloseable {

    /** Rounds at one time, after which it is not going to come to rest. */
    private static final int TOO_MANY_ROUNDS = 100_000;
    /** So that what the loop looks for now and then, and tells nobody when, is looked for: hung handlers. */
    private static final long LONGEST_STEP_MS = 250;

    private final Cluster cluster;
    private final ManualClock clock;
    /** Null when records are fed as bytes only. */
    private final Serializer<K> keys;
    private final Serializer<V> values;
    private final List<Commit> commits = new ArrayList<>();
    private final TestSurroundings surroundings;
    private final LogConsumer kafka;
    private final InlineConsumer consumer;
    private final PollLoop loop;
    private final Execution work;
    private Runnable meanwhile = () -> { };
    private boolean running;
    private boolean ended;
    private boolean failureWasSeen;

    private ParallelConsumerTestDriver(ParallelConsumer.Builder<K, V> builder, Serializer<K> keys, Serializer<V> values, Cluster cluster,
                                       ManualClock clock) {
        this.keys = keys;
        this.values = values;
        this.cluster = cluster;
        this.clock = clock;
        surroundings = new TestSurroundings(cluster, clock, this::committed, this::park);
        consumer = builder.inline(surroundings);
        kafka = surroundings.kafka();
        loop = consumer.loop();
        work = consumer.floor().inline();
        consumer.begin(kafka);
        kafka.begin(loop.rebalances());
    }

    /**
     * A driver of what the builder says, subscribed and with nothing assigned; its time is 2026-01-01T00:00:00Z.
     *
     * @param builder as for {@link ParallelConsumer.Builder#build()}, which need not be called
     * @param keys makes the bytes of keys that are fed
     * @param values makes the bytes of values that are fed
     * @throws org.apache.kafka.common.config.ConfigException as {@code build} does
     * @throws IllegalStateException as {@code build} does
     */
    public static <K, V> ParallelConsumerTestDriver<K, V> of(ParallelConsumer.Builder<K, V> builder, Serializer<K> keys,
                                                             Serializer<V> values) {
        return new ParallelConsumerTestDriver<>(builder, Objects.requireNonNull(keys, "keys"), Objects.requireNonNull(values, "values"),
                new Cluster(), new ManualClock());
    }

    /** As the other one, for records that are fed as bytes: {@link #feedBytes}. */
    public static <K, V> ParallelConsumerTestDriver<K, V> of(ParallelConsumer.Builder<K, V> builder) {
        return new ParallelConsumerTestDriver<>(builder, null, null, new Cluster(), new ManualClock());
    }

    /**
     * The consumer that comes after this one, in the same group: with the same topics and clock, and with what was committed. Close this
     * one first, or leave it as it is, for one that crashed. A builder builds one consumer, so this is another.
     */
    public ParallelConsumerTestDriver<K, V> successor(ParallelConsumer.Builder<K, V> builder) {
        return new ParallelConsumerTestDriver<>(builder, keys, values, cluster, clock);
    }

    /** Whoever waits on the one thread there is waits for the others, which is this one too, or in vain. */
    private void park(long ns) {
        Runnable now = meanwhile;
        meanwhile = () -> { };
        now.run();
        consumer.floor().workOn(work);
        if (!loop.hasNews())
            clock.passUntil(clock.milliseconds() + TimeUnit.NANOSECONDS.toMillis(ns));
    }

    private void committed(Map<TopicPartition, OffsetAndMetadata> offsets) {
        offsets.forEach((partition, offset) -> commits.add(Commit.of(partition, offset, cluster.topicId(partition.topic()))));
    }

    // ---------------------------------------------------------------- what there is to read

    /**
     * Puts a record at a partition's end, with the current time as its timestamp.
     *
     * @return its offset
     */
    public long feed(TopicPartition partition, K key, V value) {
        return feed(new ProducerRecord<>(partition.topic(), partition.partition(), key, value));
    }

    /**
     * Puts a record at the end of its partition (0 when it names none), with its headers, and its timestamp or else the current time.
     *
     * @return its offset
     * @throws IllegalStateException when the driver was made without serializers
     */
    public long feed(ProducerRecord<K, V> record) {
        if (keys == null)
            throw new IllegalStateException("this driver has no serializers: say of(builder, keys, values), or feedBytes(...)");
        return feedBytes(new ProducerRecord<>(record.topic(), record.partition(), record.timestamp(),
                keys.serialize(record.topic(), record.headers(), record.key()),
                values.serialize(record.topic(), record.headers(), record.value()), record.headers()));
    }

    /** As {@link #feed(TopicPartition, Object, Object)}, with bytes as they are; null is none. */
    public long feedBytes(TopicPartition partition, byte[] key, byte[] value) {
        return feedBytes(new ProducerRecord<>(partition.topic(), partition.partition(), key, value));
    }

    /** As {@link #feed(ProducerRecord)}, with bytes as they are. */
    public long feedBytes(ProducerRecord<byte[], byte[]> record) {
        int partition = record.partition() == null ? 0 : record.partition();
        long timestamp = record.timestamp() == null ? clock.milliseconds() : record.timestamp();
        return cluster.log(new TopicPartition(record.topic(), partition)).append(new ProducerRecord<>(record.topic(), partition, timestamp,
                record.key(), record.value(), record.headers()));
    }

    /** Uses up offsets at a partition's end that no record has, as compaction and the markers of transactions leave them. */
    public void feedGap(TopicPartition partition, int offsets) {
        cluster.log(partition).skip(offsets);
    }

    /** Deletes a topic and makes it again, empty and with another id; what was committed for it stays. */
    public void recreate(String topic) {
        cluster.recreate(topic);
    }

    /** Has an offset be committed, with metadata, as if by another member of the group; before the partition is assigned. */
    public void commitOfOther(TopicPartition partition, long offset, String metadata) {
        kafka.commitOfOther(partition, new OffsetAndMetadata(offset, metadata));
    }

    // ---------------------------------------------------------------- rebalances

    /** As {@link #assign(Collection)}. */
    public void assign(TopicPartition... partitions) {
        assign(List.of(partitions));
    }

    /** A rebalance that gives these partitions to the consumer, beside those it has. */
    public void assign(Collection<TopicPartition> partitions) {
        requireAlive();
        Set<TopicPartition> all = new LinkedHashSet<>(kafka.assignment());
        all.addAll(partitions);
        kafka.rebalance(all);
    }

    /**
     * A rebalance that takes these partitions away: what is queued of them is dropped, what is done is committed. Handlers that are
     * still at work, with stages that are not complete, are waited for until the drain's deadline: the clock goes on to that.
     */
    public void revoke(Collection<TopicPartition> partitions) {
        revoke(partitions, () -> { });
    }

    /** As {@link #revoke(Collection)}; while the consumer waits, this is run, once. It may complete stages, or call {@link #tick}. */
    public void revoke(Collection<TopicPartition> partitions, Runnable whileItWaits) {
        requireAlive();
        meanwhile = whileItWaits;
        try {
            kafka.rebalance(without(partitions));
        } finally {
            meanwhile = () -> { };
        }
    }

    /** The group has given these partitions to others without asking: nothing is waited for, and nothing committed. */
    public void lose(Collection<TopicPartition> partitions) {
        requireAlive();
        kafka.lose(without(partitions));
    }

    private List<TopicPartition> without(Collection<TopicPartition> gone) {
        List<TopicPartition> left = new ArrayList<>(kafka.assignment());
        if (!left.containsAll(gone))
            throw new IllegalArgumentException(gone + " can't be taken away: assigned are " + left);
        left.removeAll(gone);
        return left;
    }

    private void requireAlive() {
        if (ended)
            throw new IllegalStateException("the consumer has ended" + (consumer.failure() == null ? "" : ": " + consumer.failure()),
                    consumer.failure());
    }

    // ---------------------------------------------------------------- time

    /**
     * Has the consumer do all there is to do now: poll, handle, collect, try again what is due, commit if it is time. Does nothing once
     * it has ended.
     *
     * @throws IllegalStateException when it does not come to rest, as with retries without a time between; or when called by a handler
     */
    public void run() {
        if (running)
            throw new IllegalStateException("the consumer runs already: a handler may not run it; tick(...) has time pass in a handler");
        running = true;
        try {
            for (int rounds = 0; rounds < TOO_MANY_ROUNDS; rounds++)
                if (ended || !round())
                    return;
        } finally {
            running = false;
        }
        throw new IllegalStateException("the consumer did not come to rest in " + TOO_MANY_ROUNDS
                + " rounds: is there a retry with no time between two attempts?");
    }

    /** Whether there may be more to do. */
    private boolean round() {
        if (!loop.round()) {
            end();
            return false;
        }
        boolean worked = consumer.floor().workOn(work);
        return worked || kafka.wasBusy() || loop.hasNews();
    }

    /** Has time pass, in steps: whatever is due meanwhile happens at its time. Begins and ends with {@link #run}. */
    public void advance(Duration time) {
        long untilMs = clock.milliseconds() + time.toMillis();
        run();
        while (clock.milliseconds() < untilMs && !ended) {
            long nowMs = clock.milliseconds();
            clock.passUntil(Math.min(untilMs, Math.max(nowMs + 1, Math.min(loop.nextMs(), nowMs + LONGEST_STEP_MS))));
            run();
        }
        clock.passUntil(untilMs);
    }

    /** Has time pass and nothing else happen: what a handler takes, when it calls this. */
    public void tick(Duration time) {
        clock.pass(time);
    }

    /** What time it is. */
    public Instant now() {
        return clock.now();
    }

    /** The driver's time for code that wants a clock; zone UTC, may be read by any thread. */
    public Clock clock() {
        return clock.asClock();
    }

    // ---------------------------------------------------------------- as the methods of ParallelConsumer

    /** As {@link ParallelConsumer#pause()}. */
    public void pause() {
        loop.pauseAll(true);
    }

    /** As {@link ParallelConsumer#resume()}. */
    public void resume() {
        loop.pauseAll(false);
    }

    /** As {@link ParallelConsumer#pause(Collection)}. */
    public void pause(Collection<TopicPartition> partitions) {
        loop.pause(partitions, true);
    }

    /** As {@link ParallelConsumer#resume(Collection)}. */
    public void resume(Collection<TopicPartition> partitions) {
        loop.pause(partitions, false);
    }

    /** As {@link ParallelConsumer#seek}. */
    public void seek(TopicPartition partition, long offset) {
        loop.seek(partition, offset);
    }

    /** As {@link ParallelConsumer#concurrency}; counts for asynchronous handlers. */
    public void concurrency(int concurrency) {
        if (concurrency < 1)
            throw new IllegalArgumentException("concurrency must be 1 or more, was " + concurrency);
        consumer.resize(concurrency);
    }

    /** As {@link ParallelConsumer#rateLimit}. */
    public void rateLimit(double recordsPerSecond) {
        loop.rateLimit(recordsPerSecond);
    }

    // ---------------------------------------------------------------- faults

    /** Has the next poll of Kafka's consumer throw this; called several times, the next ones. */
    public void failPoll(KafkaException failure) {
        kafka.failPoll(Objects.requireNonNull(failure, "failure"));
    }

    /**
     * Has the next commit fail with this; called several times, the next ones. With a transactional handler it is the next transaction: it is
     * aborted and made again, or the consumer ends, as with a {@link org.apache.kafka.common.errors.ProducerFencedException}.
     */
    public void failCommit(KafkaException failure) {
        Objects.requireNonNull(failure, "failure");
        if (surroundings.outputs() == null)
            kafka.failCommit(failure);
        else
            surroundings.outputs().failCommit(failure);
    }

    /**
     * Has the next record that a transaction sends not be taken by the brokers, with this; called several times, the next ones. A
     * {@link org.apache.kafka.common.errors.RecordTooLargeException}, for one, is a failed attempt of the record it came of.
     *
     * @throws IllegalStateException when the handler is not a transactional one
     */
    public void failOutput(KafkaException failure) {
        transactional().failOutput(Objects.requireNonNull(failure, "failure"));
    }

    private OutputProducer transactional() {
        if (surroundings.outputs() == null)
            throw new IllegalStateException("the handler sends nothing in transactions: say transactionalHandler(...) to the builder");
        return surroundings.outputs();
    }

    // ---------------------------------------------------------------- what can be seen

    /** What the group has committed for a partition; null when nothing. */
    public Commit committed(TopicPartition partition) {
        OffsetAndMetadata offset = cluster.committed().get(partition);
        return offset == null ? null : Commit.of(partition, offset, cluster.topicId(partition.topic()));
    }

    /** All commits of this consumer, in their order. */
    public List<Commit> commits() {
        return List.copyOf(commits);
    }

    /** The offsets of records that were fetched and are not done: queued, in a handler, waiting, on their way to the dead letters. */
    public List<Long> unfinished(TopicPartition partition) {
        List<Long> offsets = new ArrayList<>();
        for (AssignedPartition assigned : loop.assigned())
            if (assigned.topicPartition().equals(partition) && assigned.tracker() != null)
                for (WorkRecord record = assigned.tracker().oldest(); record != null; record = assigned.tracker().next(record))
                    offsets.add(record.offset());
        return offsets;
    }

    /** Records that wait for their next attempt or for their time, the next one first; those that wait behind them are not among them. */
    public List<WaitingRecord> waiting() {
        return loop.parkedRecords().stream().map(parked ->
                new WaitingRecord(parked.partition(), parked.offset(), parked.attempts(), Instant.ofEpochMilli(parked.atMs()))).toList();
    }

    /**
     * What a reader with {@code isolation.level=read_committed} sees of what a transactional handler has sent, dead letters among it, in
     * its order.
     *
     * @throws IllegalStateException when the handler is not a transactional one
     */
    public List<ProducerRecord<byte[], byte[]>> outputs() {
        return transactional().history();
    }

    /**
     * Dead letters that were given to the producer, in their order; those of a transactional handler when they are committed.
     *
     * @throws IllegalStateException when the builder has none
     */
    public List<ProducerRecord<byte[], byte[]>> deadLetters() {
        if (surroundings.outputs() != null)
            return outputs().stream().filter(output -> output.headers().lastHeader(DeadLetters.TOPIC) != null).toList();
        if (surroundings.deadLetters() == null)
            throw new IllegalStateException("there are no dead letters: say deadLetters(...) to the builder");
        return surroundings.deadLetters().history();
    }

    /** As {@link ParallelConsumer#status}: what is in flight, lags, whether it is healthy. Looked at by {@link #run} and {@link #advance}. */
    public ConsumerStatus status() {
        return consumer.status();
    }

    /** What the consumer has been given. */
    public Set<TopicPartition> assignment() {
        return Set.copyOf(kafka.assignment());
    }

    /** Partitions that are not fetched at the moment: because the user said so, or too much of them is on its way. */
    public Set<TopicPartition> paused() {
        return kafka.paused();
    }

    /** Whether the consumer has ended, by {@link #close} or by itself. */
    public boolean hasEnded() {
        return ended;
    }

    /** Why the consumer ended by itself, as its failure listener was told; empty while it did not. Who has asked is not told by {@link #close}. */
    public Optional<KafkaException> failure() {
        failureWasSeen = consumer.failure() != null;
        return Optional.ofNullable(consumer.failure());
    }

    // ---------------------------------------------------------------- the end

    /**
     * Ends the consumer: waits for handlers until the drain's deadline, as {@link #revoke} does, commits and gives up what it has. Does
     * nothing the second time.
     *
     * @throws KafkaException why it ended by itself, unless {@link #failure} was asked after that: a test that does not look for it fails
     */
    @Override
    public void close() {
        close(() -> { });
    }

    /** As {@link #close()}; while the consumer waits, this is run, once. It may complete stages, or call {@link #tick}. */
    public void close(Runnable whileItWaits) {
        if (!ended) {
            meanwhile = whileItWaits;
            loop.close();
            end();
        }
        if (consumer.failure() != null && !failureWasSeen)
            throw new KafkaException("The consumer ended by itself: " + consumer.failure().getMessage(), consumer.failure());
    }

    private void end() {
        ended = true;
        loop.run();
        work.close();
        consumer.end();
    }
}
