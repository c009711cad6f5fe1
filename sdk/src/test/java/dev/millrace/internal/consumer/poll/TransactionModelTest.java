package dev.millrace.internal.consumer.poll;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.consumer.DeadLetters;
import dev.millrace.consumer.ProcessingOrder;
import dev.millrace.consumer.RebalanceListener;
import dev.millrace.consumer.RetryPolicy;
import dev.millrace.consumer.TransactionalOutput;
import dev.millrace.consumer.UndecodableRecords;
import dev.millrace.internal.consumer.commit.OutputTransactions;
import dev.millrace.internal.consumer.commit.TransactionalCommitter;
import dev.millrace.internal.consumer.config.ConsumerSettings;
import dev.millrace.internal.consumer.offsets.OffsetMapCodec;
import dev.millrace.internal.consumer.watch.Watch;
import dev.millrace.internal.consumer.work.Attempts;
import dev.millrace.internal.consumer.work.Completions;
import dev.millrace.internal.consumer.work.Execution;
import dev.millrace.internal.consumer.work.OutputEncoder;
import dev.millrace.internal.consumer.work.RecordDecoder;
import dev.millrace.internal.consumer.work.RefusedOutputs;
import dev.millrace.internal.consumer.work.TransactionalHandling;
import dev.millrace.internal.consumer.work.Unit;
import dev.millrace.internal.consumer.work.WorkFloor;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TransactionAbortableException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.MockTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Transactional members against a model of a group, on one thread: each call of the producer fails now and then, members leave, are
 * thrown out without knowing, and die. After every commit, the outputs that readers see are those of the records that the committed
 * offsets and maps say are done; in the end, all are there, once, and in the order of their keys.
 */
@Timeout(120)
class TransactionModelTest {

    private static final int SEEDS = 40;
    private static final int STEPS = 400;
    private static final int RECORDS = 120;
    private static final int KEYS = 12;
    /** Nobody can wait for what the one thread has not run. */
    private static final long DRAIN_MS = 10;
    private static final TopicPartition[] PARTITIONS = {new TopicPartition("in", 0), new TopicPartition("in", 1),
        new TopicPartition("no-id", 0)};
    private static final Map<String, Uuid> IDS = Map.of("in", new Uuid(1, 2), "no-id", Uuid.ZERO_UUID);

    private final Map<String, Integer> faults = new TreeMap<>();

    @Test
    void shouldCommitWhatComesOfEachRecordOnceWhateverFails() {
        long first = Long.getLong("millrace.test.seed", 1);
        for (long seed = first; seed < first + SEEDS; seed++) {
            try {
                new Run(seed).run();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("with seed " + seed, e);
            }
        }
        System.out.println("transaction model: " + faults);
        for (String fault : List.of("send", "refused", "offsets timed out", "offsets failed", "stale generation", "commit timed out before",
                "commit timed out behind", "commit failed", "fenced before", "fenced behind", "abort timed out before",
                "abort timed out behind", "given up", "lost", "crash", "revoked", "map"))
            assertTrue(faults.getOrDefault(fault, 0) >= 5, fault + " did not happen: " + faults);
    }

    private final class Run {
        private final Random random;
        private final MockTime time = new MockTime(1);
        private boolean healed;

        // The cluster.
        private final Map<TopicPartition, List<ConsumerRecord<ByteBuffer, ByteBuffer>>> log = new LinkedHashMap<>();
        private final Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
        private final List<String> outputs = new ArrayList<>();
        private final List<String> violations = new ArrayList<>();
        private final Map<String, Integer> generations = new HashMap<>();
        private final Map<String, Integer> refusals = new HashMap<>();
        private final Set<String> poison = new HashSet<>();
        private final Map<TopicPartition, Member> owners = new HashMap<>();
        private int generation;
        private int names;
        private final List<Member> members = new ArrayList<>();

        Run(long seed) {
            random = new Random(seed);
            for (TopicPartition partition : PARTITIONS) {
                List<ConsumerRecord<ByteBuffer, ByteBuffer>> records = new ArrayList<>();
                long offset = 0;
                for (int i = 0; i < RECORDS; i++) {
                    // Holes, as compaction and transaction markers leave them.
                    offset += random.nextInt(4) == 0 ? 1 + random.nextInt(5) : 1;
                    String value = partition + "@" + offset;
                    records.add(new ConsumerRecord<>(partition.topic(), partition.partition(), offset, bytes("key-" + random.nextInt(KEYS)),
                            bytes(value)));
                    if (random.nextInt(40) == 0)
                        poison.add(value);
                    else if (random.nextInt(30) == 0)
                        // The last kind ends as a dead letter.
                        refusals.put(value, 1 + random.nextInt(5) < 5 ? 1 + random.nextInt(3) : Integer.MAX_VALUE);
                }
                log.put(partition, records);
            }
        }

        boolean one(int in) {
            return !healed && random.nextInt(in) == 0;
        }

        boolean fault(String name, int in) {
            boolean now = one(in);
            if (now)
                faults.merge(name, 1, Integer::sum);
            return now;
        }

        void run() {
            members.add(new Member());
            members.add(new Member());
            rebalance();
            for (int step = 0; step < STEPS; step++)
                step();
            healed = true;
            while (members.size() > 1)
                leave(members.get(1));
            for (int i = 0; i < 3_000 && !isAllCommitted(); i++)
                members.get(0).step();
            check();
            assertEquals(List.of(), violations);
            assertTrue(isAllCommitted(), "stuck at " + committed + ", " + members.get(0).loop.failure());
            assertEquals(PARTITIONS.length * RECORDS, outputs.size());
            assertOrder();
        }

        private void step() {
            assertEquals(List.of(), violations);
            int choice = random.nextInt(100);
            if (choice == 0)
                crash(any());
            else if (choice == 1)
                loseSilently(any());
            else if (choice <= 5)
                rebalance();
            else
                any().step();
            time.sleep(random.nextInt(5));
            for (Member member : List.copyOf(members))
                if (member.loop.failure() != null)
                    crash(member);
        }

        private Member any() {
            return members.get(random.nextInt(members.size()));
        }

        /** Its process is gone, with what its transaction thread had to do. */
        private void crash(Member member) {
            faults.merge("crash", 1, Integer::sum);
            generations.remove(member.name);
            members.remove(member);
            members.add(new Member());
            rebalance();
        }

        private void leave(Member member) {
            member.rebalance(List.of());
            generations.remove(member.name);
            members.remove(member);
            rebalance();
        }

        /** The others have its partitions before it knows. */
        private void loseSilently(Member member) {
            if (members.size() < 2 || member.consumer.assignment().isEmpty())
                return;
            faults.merge("lost", 1, Integer::sum);
            generations.remove(member.name);
            Member other = members.get((members.indexOf(member) + 1) % members.size());
            other.rebalance(List.of(PARTITIONS));
            owners.replaceAll((partition, owner) -> other);
            for (int i = 0; i < 5; i++)
                any().step();
            member.loop.rebalances().onPartitionsLost(member.consumer.assignment());
            member.consumer.rebalance(List.of());
            member.join();
        }

        private void rebalance() {
            Map<Member, List<TopicPartition>> wanted = new LinkedHashMap<>();
            members.forEach(member -> wanted.put(member, new ArrayList<>()));
            for (TopicPartition partition : PARTITIONS)
                wanted.get(any()).add(partition);
            // All give up what they are to give up, before anybody gets anything.
            wanted.forEach((member, partitions) -> {
                List<TopicPartition> kept = new ArrayList<>(member.consumer.assignment());
                kept.retainAll(partitions);
                member.rebalance(kept);
            });
            wanted.forEach((member, partitions) -> {
                member.join();
                member.rebalance(partitions);
                partitions.forEach(partition -> owners.put(partition, member));
            });
        }

        private boolean isAllCommitted() {
            for (TopicPartition partition : PARTITIONS)
                if (!committed.containsKey(partition) || committed.get(partition).offset() < end(partition))
                    return false;
            return true;
        }

        private long end(TopicPartition partition) {
            return log.get(partition).get(RECORDS - 1).offset() + 1;
        }

        /** Readers see what came of exactly those records that are done by what is committed. */
        private void check() {
            Set<String> seen = new HashSet<>(outputs);
            assertEquals(outputs.size(), seen.size(), () -> "twice: " + twice());
            for (TopicPartition partition : PARTITIONS) {
                OffsetAndMetadata offset = committed.getOrDefault(partition, new OffsetAndMetadata(0));
                OffsetMapCodec.Decoded map = OffsetMapCodec.decode(offset.metadata(), IDS.get(partition.topic()), offset.offset());
                if (!map.done().isEmpty())
                    faults.merge("map", 1, Integer::sum);
                for (ConsumerRecord<ByteBuffer, ByteBuffer> record : log.get(partition)) {
                    boolean done = record.offset() < offset.offset() || map.done().contains(record.offset());
                    assertEquals(done, seen.contains(text(record.value())), () -> text(record.value()) + " with " + offset.offset() + map);
                }
            }
        }

        private List<String> twice() {
            Set<String> once = new HashSet<>();
            return outputs.stream().filter(value -> !once.add(value)).toList();
        }

        private void assertOrder() {
            Map<String, Integer> place = new HashMap<>();
            for (int i = 0; i < outputs.size(); i++)
                place.put(outputs.get(i), i);
            for (TopicPartition partition : PARTITIONS) {
                Map<String, Integer> last = new HashMap<>();
                for (ConsumerRecord<ByteBuffer, ByteBuffer> record : log.get(partition)) {
                    Integer before = last.put(text(record.key()), place.get(text(record.value())));
                    assertTrue(before == null || before < place.get(text(record.value())), () -> "out of order: " + text(record.value()));
                }
            }
        }

        // ---------------------------------------------------------------- a member

        private final class Member implements Executor {
            private final String name = "member-" + names++;
            private int generation;
            private final LogConsumer consumer = new LogConsumer(this);
            private final Queue<Runnable> tasks = new ArrayDeque<>();
            private boolean atOnce;
            private final WorkFloor floor;
            private final Execution execution;
            private final PollLoop loop;

            Member() {
                Completions completions = new Completions(consumer::wakeup);
                Attempts<String, String> attempts = new Attempts<>(completions, time, null, Long.MAX_VALUE);
                RefusedOutputs refused = new RefusedOutputs();
                floor = WorkFloor.blocking(new WorkFloor.Plan<>(ProcessingOrder.KEY, 1, 1, attempts,
                        () -> new RecordDecoder<>(new StringDeserializer(), new StringDeserializer())),
                        new TransactionalHandling<>(this::handle, new OutputEncoder<>(new StringSerializer(), new StringSerializer(),
                                1_000_000, topic -> 0), refused));
                execution = floor.inline();
                ConsumerSettings settings = new ConsumerSettings(0, 10, 20, new ConsumerSettings.Budget(60, 1 << 20, 40, 1 << 20, 10),
                        DRAIN_MS, Long.MAX_VALUE, 1, 0);
                FaultyProducer producer = new FaultyProducer();
                loop = new PollLoop(consumer, new PollLoop.Parts(settings, floor, completions, topics -> IDS, new Aftermath.Policies(
                        RetryPolicy.fixed(Duration.ofMillis(3)).maxAttempts(3), DeadLetters.toTopic("dead"), UndecodableRecords.STOP),
                        new RebalanceListener() { }, (partition, offset, since) -> { }, topic -> 0,
                        new Watch(Long.MAX_VALUE, 1_000, time), (kafka, own, host, clock) -> new TransactionalCommitter(kafka, new OutputTransactions(producer, this), refused, host,
                                new TransactionalCommitter.Settings(own.commitIntervalMs(), own.commitRecords(), own.retryBackoffMs()),
                                clock)), time);
                consumer.subscribe(List.of("in", "no-id"), loop.rebalances());
                join();
            }

            void join() {
                generation = ++Run.this.generation;
                generations.put(name, generation);
            }

            /** The transaction's thread. */
            @Override
            public void execute(Runnable task) {
                if (atOnce)
                    task.run();
                else
                    tasks.add(task);
            }

            void runTasks() {
                while (!tasks.isEmpty())
                    tasks.poll().run();
            }

            void rebalance(Collection<TopicPartition> partitions) {
                // Else what is on its way can't be over in time.
                if (!one(3))
                    runTasks();
                atOnce = !one(3);
                if (!consumer.assignment().isEmpty() && !partitions.containsAll(consumer.assignment())) {
                    faults.merge("revoked", 1, Integer::sum);
                    if (!tasks.isEmpty())
                        faults.merge("given up", 1, Integer::sum);
                }
                consumer.rebalance(partitions);
                atOnce = false;
            }

            void step() {
                loop.runOnce();
                int units = healed ? Integer.MAX_VALUE : random.nextInt(8);
                Unit unit;
                while (units-- > 0 && (unit = floor.poll()) != null)
                    execution.run(unit);
                if (healed) {
                    runTasks();
                    time.sleep(5);
                } else if (random.nextInt(3) == 0) {
                    runTasks();
                }
            }

            private void handle(ConsumerRecord<String, String> record, TransactionalOutput<String, String> out) {
                out.send(new ProducerRecord<>("out", record.key(), record.value()));
                if (poison.contains(record.value()) || one(10))
                    throw new IllegalStateException("not this time");
            }
        }

        /** Gives out the log. */
        private final class LogConsumer extends MockConsumer<ByteBuffer, ByteBuffer> {
            private final Member member;

            LogConsumer(Member member) {
                super("earliest");
                this.member = member;
            }

            @Override
            public synchronized ConsumerRecords<ByteBuffer, ByteBuffer> poll(Duration timeout) {
                for (TopicPartition partition : assignment())
                    if (!paused().contains(partition))
                        log.get(partition).stream().filter(record -> record.offset() >= position(partition)).limit(1 + random.nextInt(15))
                                .forEach(this::addRecord);
                return super.poll(timeout);
            }

            @Override
            public synchronized void rebalance(Collection<TopicPartition> partitions) {
                Set<TopicPartition> before = Set.copyOf(assignment());
                super.rebalance(partitions);
                for (TopicPartition partition : partitions)
                    if (!before.contains(partition))
                        seek(partition, committed.getOrDefault(partition, new OffsetAndMetadata(0)).offset());
            }

            @Override
            public synchronized Map<TopicPartition, OffsetAndMetadata> committed(Set<TopicPartition> partitions) {
                Map<TopicPartition, OffsetAndMetadata> found = new HashMap<>();
                partitions.forEach(partition -> found.put(partition, committed.get(partition)));
                return found;
            }

            @SuppressWarnings("removal") // there is no other way to have one of a generation
            @Override
            public synchronized ConsumerGroupMetadata groupMetadata() {
                return new ConsumerGroupMetadata("group", member.generation, member.name, Optional.empty());
            }
        }

        // ---------------------------------------------------------------- a producer

        /** Kafka's contract, and its failures. What it was asked for wrongly fails the test by way of Kafka's own mock. */
        private final class FaultyProducer extends MockProducer<byte[], byte[]> {
            private enum Pending { NOTHING, COMMIT, COMMITTED, ABORT, ABORTED }

            private Pending pending = Pending.NOTHING;
            private KafkaException error;
            private int seen;
            private final List<Callback> callbacks = new ArrayList<>();
            private Map<TopicPartition, OffsetAndMetadata> offsets = Map.of();

            FaultyProducer() {
                super(true, null, new ByteArraySerializer(), new ByteArraySerializer());
            }

            private void throwIfError(Pending asked) {
                if (pending != Pending.NOTHING && pending != asked && !(pending == Pending.COMMITTED && asked == Pending.COMMIT)
                        && !(pending == Pending.ABORTED && asked == Pending.ABORT))
                    violations.add("asked for something else while there is " + pending + ": " + asked);
                if (error instanceof ProducerFencedException || error != null && asked != Pending.ABORT)
                    throw error instanceof ProducerFencedException ? error
                            : new KafkaException("Cannot execute transactional method because we are in an error state", error);
            }

            private KafkaException fails(KafkaException e) {
                error = e;
                return e;
            }

            @Override
            public synchronized void initTransactions() {
                if (one(5))
                    throw new TimeoutException("init");
                super.initTransactions();
            }

            @Override
            public void beginTransaction() {
                throwIfError(Pending.NOTHING);
                callbacks.clear();
                offsets = Map.of();
                super.beginTransaction();
            }

            @Override
            public synchronized Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record, Callback callback) {
                throwIfError(Pending.NOTHING);
                if (fault("send", 150))
                    throw fails(new KafkaException("error state", new TimeoutException("expired")));
                Integer refused = record.topic().equals("out") ? refusals.get(text(record)) : null;
                if (refused != null) {
                    refusals.put(text(record), refused - 1);
                    refusals.remove(text(record), 0);
                    faults.merge("refused", 1, Integer::sum);
                    RecordTooLargeException tooLarge = new RecordTooLargeException("no");
                    callback.onCompletion(null, tooLarge);
                    callbacks.forEach(earlier -> earlier.onCompletion(null, tooLarge));
                    fails(tooLarge);
                    return null;
                }
                callbacks.add(callback);
                return super.send(record, null);
            }

            @Override
            public void sendOffsetsToTransaction(Map<TopicPartition, OffsetAndMetadata> sent, ConsumerGroupMetadata metadata) {
                throwIfError(Pending.NOTHING);
                if (fault("offsets timed out", 20))
                    throw new TimeoutException("offsets");
                if (fault("offsets failed", 30))
                    throw fails(new TransactionAbortableException("offsets"));
                if (!Integer.valueOf(metadata.generationId()).equals(generations.get(metadata.memberId()))) {
                    faults.merge("stale generation", 1, Integer::sum);
                    throw fails(new CommitFailedException());
                }
                offsets = sent;
                super.sendOffsetsToTransaction(sent, metadata);
            }

            @Override
            public void commitTransaction() {
                throwIfError(Pending.COMMIT);
                if (pending == Pending.COMMITTED) {
                    pending = Pending.NOTHING;
                    return;
                }
                if (fault("commit timed out before", 10)) {
                    pending = Pending.COMMIT;
                    throw new TimeoutException("commit");
                }
                pending = Pending.NOTHING;
                if (fault("commit failed", 20))
                    throw fails(new TransactionAbortableException("commit"));
                if (fault("fenced before", 50))
                    throw fails(new ProducerFencedException("fenced"));
                super.commitTransaction();
                history().subList(seen, history().size()).forEach(record -> outputs.add(text(record)));
                seen = history().size();
                committed.putAll(offsets);
                try {
                    check();
                } catch (AssertionError e) {
                    // The transaction's thread lets nothing through.
                    violations.add(e.getMessage());
                }
                if (fault("fenced behind", 50))
                    throw fails(new ProducerFencedException("fenced"));
                if (fault("commit timed out behind", 10)) {
                    pending = Pending.COMMITTED;
                    throw new TimeoutException("commit");
                }
            }

            @Override
            public void abortTransaction() {
                throwIfError(Pending.ABORT);
                if (pending == Pending.ABORTED) {
                    pending = Pending.NOTHING;
                    return;
                }
                if (fault("abort timed out before", 10)) {
                    pending = Pending.ABORT;
                    throw new TimeoutException("abort");
                }
                super.abortTransaction();
                error = null;
                pending = Pending.NOTHING;
                if (fault("abort timed out behind", 10)) {
                    pending = Pending.ABORTED;
                    throw new TimeoutException("abort");
                }
            }
        }
    }

    private static String text(ProducerRecord<byte[], byte[]> record) {
        return new String(record.value(), StandardCharsets.UTF_8);
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(ByteBuffer bytes) {
        return StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
    }
}
