package dev.millrace.internal.consumer.watch;

import dev.millrace.consumer.ProcessingOrder;
import dev.millrace.consumer.RecordHandler;
import dev.millrace.internal.consumer.offsets.DoneOffsets;
import dev.millrace.internal.consumer.work.AssignedPartition;
import dev.millrace.internal.consumer.work.Attempts;
import dev.millrace.internal.consumer.work.Completions;
import dev.millrace.internal.consumer.work.Execution;
import dev.millrace.internal.consumer.work.RecordDecoder;
import dev.millrace.internal.consumer.work.Unit;
import dev.millrace.internal.consumer.work.WorkFloor;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.utils.MockTime;

/** Partitions, a real work floor on the calling thread, and a clock that stands still: what a poll thread would have, without one. */
final class InlineFloor implements Watch.Subject {

    static final TopicPartition ORDERS = new TopicPartition("orders", 0);

    final MockTime time = new MockTime();
    final Map<TopicPartition, Long> committed = new LinkedHashMap<>();
    final Map<TopicPartition, Long> lags = new LinkedHashMap<>();
    final Set<TopicPartition> paused = new HashSet<>();
    Watch.Totals totals = new Watch.Totals(0, 0, 0, 0, 0);
    int lagsAsked;
    final List<TopicPartition> endsAsked = new ArrayList<>();

    private final Map<TopicPartition, AssignedPartition> assigned = new LinkedHashMap<>();
    private final Completions completions = new Completions(() -> { });
    private final WorkFloor floor;
    private final Execution worker;

    /** Fails a record by throwing; runs inside of the look, when a test looks from it. */
    InlineFloor(RecordHandler<String, String> handler) {
        this(handler, Long.MAX_VALUE);
    }

    InlineFloor(RecordHandler<String, String> handler, long expireAfterMs) {
        Attempts<String, String> attempts = new Attempts<>(completions, time, null, expireAfterMs);
        WorkFloor.Plan<String, String> plan = new WorkFloor.Plan<>(ProcessingOrder.KEY, 1, 1, attempts,
                () -> new RecordDecoder<>(new StringDeserializer(), new StringDeserializer()));
        floor = WorkFloor.blocking(plan, (record, context) -> handler.handle(record));
        worker = floor.inline();
    }

    AssignedPartition assign(TopicPartition topicPartition) {
        AssignedPartition partition = new AssignedPartition(topicPartition, 0);
        assigned.put(topicPartition, partition);
        return partition;
    }

    AssignedPartition assign(TopicPartition topicPartition, long position) {
        AssignedPartition partition = assign(topicPartition);
        partition.startAt(position, DoneOffsets.EMPTY);
        return partition;
    }

    void unassign(TopicPartition topicPartition) {
        assigned.remove(topicPartition);
    }

    WorkRecord admit(AssignedPartition partition, long offset, String key) {
        ByteBuffer bytes = ByteBuffer.wrap(key.getBytes(StandardCharsets.UTF_8));
        TopicPartition from = partition.topicPartition();
        WorkRecord record = new WorkRecord(new ConsumerRecord<>(from.topic(), from.partition(), offset, time.milliseconds(),
                TimestampType.CREATE_TIME, bytes.remaining(), 0, bytes, ByteBuffer.allocate(0), new RecordHeaders(), Optional.empty()),
                partition);
        record.admitted(time.milliseconds());
        partition.admitted(record);
        floor.route(record);
        return record;
    }

    /** Handles what is ready of one shard; what came out of it. */
    List<WorkRecord> work() {
        Unit unit = floor.poll();
        if (unit != null)
            worker.run(unit);
        List<WorkRecord> out = new ArrayList<>();
        for (WorkRecord record = completions.takeAll(); record != null; record = Completions.next(record))
            out.add(0, record);
        for (WorkRecord record : out)
            // What a test asserts in a handler is not a failure of the handler.
            if (record.outcome() instanceof WorkRecord.Outcome.Failed failed && failed.failure() instanceof AssertionError error)
                throw error;
        return out;
    }

    /** As {@link #work}, and those that were handled are done. */
    void workAndSettle() {
        for (WorkRecord record : work())
            if (record.outcome() instanceof WorkRecord.Outcome.Handled)
                record.partition().done(record);
    }

    /** Has a parked record go on. */
    void again(WorkRecord record) {
        record.partition().parked(-1);
        record.requeue();
        floor.route(record);
    }

    @Override
    public Collection<AssignedPartition> partitions() {
        return assigned.values();
    }

    @Override
    public boolean isPausedByUser(AssignedPartition partition) {
        return paused.contains(partition.topicPartition());
    }

    @Override
    public OptionalLong committed(TopicPartition partition) {
        return of(committed.get(partition));
    }

    @Override
    public OptionalLong lag(TopicPartition partition) {
        lagsAsked++;
        return of(lags.get(partition));
    }

    @Override
    public void askEnds(Collection<TopicPartition> partitions) {
        endsAsked.addAll(partitions);
    }

    private static OptionalLong of(Long value) {
        return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }

    @Override
    public Watch.Totals totals() {
        return Objects.requireNonNull(totals, "totals");
    }
}
