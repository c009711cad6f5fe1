package dev.millrace.internal.consumer.poll;

import dev.millrace.consumer.DeadLetters;
import dev.millrace.consumer.ProcessingOrder;
import dev.millrace.consumer.RebalanceListener;
import dev.millrace.consumer.RetryPolicy;
import dev.millrace.consumer.TransactionalOutput;
import dev.millrace.consumer.UndecodableRecords;
import dev.millrace.internal.consumer.commit.OutputTransactions;
import dev.millrace.internal.consumer.commit.TransactionalCommitter;
import dev.millrace.internal.consumer.config.ConsumerSettings;
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
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.MockTime;

/**
 * One member of the group, with the real loop, work floor and committer; its poll thread, its worker and its transaction's thread are all
 * the caller's, a step of each at a time.
 */
final class ModelMember {

    /** Nobody can wait for what the one thread has not run. */
    private static final long DRAIN_MS = 10;

    private final String name;
    private final ModelInput input;
    private final GroupModel group;
    private final ModelChance chance;
    private final MockTime time;
    private final SteppedThread transactions = new SteppedThread();
    private final LogConsumer consumer;
    private final WorkFloor floor;
    private final Execution worker;
    private final PollLoop loop;
    private int generation;

    ModelMember(String name, ModelInput input, GroupModel group, ModelChance chance, MockTime time) {
        this.name = name;
        this.input = input;
        this.group = group;
        this.chance = chance;
        this.time = time;
        consumer = new LogConsumer(input, group, chance, this::membership);
        Completions completions = new Completions(consumer::wakeup);
        RefusedOutputs refused = new RefusedOutputs();
        floor = floor(completions, refused);
        worker = floor.inline();
        loop = loop(completions, refused);
        consumer.subscribe(List.of("in", "no-id"), loop.rebalances());
        join();
    }

    private WorkFloor floor(Completions completions, RefusedOutputs refused) {
        Attempts<String, String> attempts = new Attempts<>(completions, time, null, Long.MAX_VALUE);
        return WorkFloor.blocking(new WorkFloor.Plan<>(ProcessingOrder.KEY, 1, 1, attempts,
                () -> new RecordDecoder<>(new StringDeserializer(), new StringDeserializer())),
                new TransactionalHandling<>(this::handle, new OutputEncoder<>(new StringSerializer(), new StringSerializer(), 1_000_000,
                        topic -> 0), refused));
    }

    private PollLoop loop(Completions completions, RefusedOutputs refused) {
        ConsumerSettings settings = new ConsumerSettings(0, 10, 20, new ConsumerSettings.Budget(60, 1 << 20, 40, 1 << 20, 10), DRAIN_MS,
                Long.MAX_VALUE, 1, 0);
        OutputTransactions outputs = new OutputTransactions(new FaultyProducer(input, group, chance), transactions);
        Aftermath.Policies policies = new Aftermath.Policies(RetryPolicy.fixed(Duration.ofMillis(3)).maxAttempts(3),
                DeadLetters.toTopic("dead"), UndecodableRecords.STOP);
        return new PollLoop(consumer, new PollLoop.Parts(settings, floor, completions, topics -> ModelInput.IDS, policies,
                new RebalanceListener() { }, (partition, offset, since) -> { }, topic -> 0, new Watch(Long.MAX_VALUE, 1_000, time),
                (kafka, own, host, clock) -> new TransactionalCommitter(kafka, outputs, refused, host,
                        new TransactionalCommitter.Settings(own.commitIntervalMs(), own.commitRecords(), own.retryBackoffMs()),
                        clock)), time);
    }

    private void handle(ConsumerRecord<String, String> record, TransactionalOutput<String, String> out) {
        out.send(new ProducerRecord<>("out", record.key(), record.value()));
        if (input.isPoison(record.value()) || chance.fails(10))
            throw new IllegalStateException("not this time");
    }

    @SuppressWarnings("removal") // there is no other way to have one of a generation
    private ConsumerGroupMetadata membership() {
        return new ConsumerGroupMetadata("group", generation, name, Optional.empty());
    }

    String name() {
        return name;
    }

    Set<TopicPartition> assignment() {
        return consumer.assignment();
    }

    /** What ended its loop; null while that goes on. */
    RuntimeException failure() {
        return loop.failure();
    }

    void join() {
        generation = group.join(name);
    }

    /** Gives up what is not among these, and gets what it has not had. */
    void rebalance(Collection<TopicPartition> partitions) {
        // Else what is on its way can't be over in time.
        if (!chance.fails(3))
            transactions.runAll();
        transactions.atOnce(!chance.fails(3));
        if (!assignment().isEmpty() && !partitions.containsAll(assignment())) {
            chance.count("revoked");
            if (!transactions.isIdle())
                chance.count("given up");
        }
        consumer.rebalance(partitions);
        transactions.atOnce(false);
    }

    /** Learns that others have what it had, and joins them. */
    void lose() {
        loop.rebalances().onPartitionsLost(assignment());
        consumer.rebalance(List.of());
        join();
    }

    void step() {
        loop.runOnce();
        int units = chance.isHealed() ? Integer.MAX_VALUE : chance.choose(8);
        Unit unit;
        while (units-- > 0 && (unit = floor.poll()) != null)
            worker.run(unit);
        if (chance.isHealed()) {
            transactions.runAll();
            time.sleep(5);
        } else if (chance.choose(3) == 0) {
            transactions.runAll();
        }
    }
}
