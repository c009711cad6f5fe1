package dev.millrace.internal.consumer.commit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.internal.consumer.offsets.DoneOffsets;
import dev.millrace.internal.consumer.offsets.OffsetMapCodec;
import dev.millrace.internal.consumer.work.AssignedPartition;
import dev.millrace.internal.consumer.work.WorkRecord;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetCommitCallback;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.OffsetMetadataTooLarge;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.utils.MockTime;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OffsetCommitterTest {

    private static final TopicPartition TP = new TopicPartition("t", 0);
    private static final Uuid TOPIC_ID = new Uuid(1, 2);
    private static final long INTERVAL_MS = 1_000;
    private static final long BACKOFF_MS = 100;

    private final MockTime time = new MockTime();
    private final long startMs = time.milliseconds();
    private final Broker broker = new Broker();
    private final List<KafkaException> fatal = new ArrayList<>();
    private final OffsetCommitter committer = new OffsetCommitter(broker, time, INTERVAL_MS, BACKOFF_MS, fatal::add);
    private final AssignedPartition partition = new AssignedPartition(TP, 0);

    /** Answers commits when it is told to. */
    private final class Broker extends MockConsumer<ByteBuffer, ByteBuffer> {

        private final List<OffsetAndMetadata> asked = new ArrayList<>();
        private final Queue<Runnable> answers = new ArrayDeque<>();
        private final Queue<RuntimeException> failures = new ArrayDeque<>();
        /** The most metadata that it takes. */
        private int longest = OffsetMapCodec.DEFAULT_MAX_BYTES;

        Broker() {
            super("earliest");
        }

        @Override
        public synchronized void commitAsync(Map<TopicPartition, OffsetAndMetadata> offsets, OffsetCommitCallback callback) {
            asked.add(offsets.get(TP));
            RuntimeException failure = failures.poll();
            answers.add(() -> callback.onComplete(offsets, failure));
        }

        @Override
        public void commitSync(Map<TopicPartition, OffsetAndMetadata> offsets, Duration timeout) {
            asked.add(offsets.get(TP));
            if (offsets.get(TP).metadata().length() > longest)
                throw new OffsetMetadataTooLarge("too large");
            if (failures.isEmpty())
                return;
            time.sleep(300);
            throw failures.poll();
        }

        long lastOffset() {
            return asked.get(asked.size() - 1).offset();
        }
    }

    @BeforeEach
    void assign() {
        broker.assign(List.of(TP));
        committer.topicIds(Map.of("t", TOPIC_ID));
    }

    private WorkRecord admit(long offset, int leaderEpoch) {
        WorkRecord record = new WorkRecord(new ConsumerRecord<>("t", 0, offset, 0L, TimestampType.CREATE_TIME, 0, 0, null, null,
                new RecordHeaders(), Optional.of(leaderEpoch)), partition);
        partition.admitted(record);
        return record;
    }

    private void commit() {
        committer.commit(List.of(partition));
    }

    // ---------------------------------------------------------------- one at a time, the newest

    @Test
    void shouldHaveOneCommitInFlightAndSendTheNewestNext() {
        partition.startAt(0, DoneOffsets.EMPTY);
        WorkRecord first = admit(0, 3);
        WorkRecord second = admit(1, 3);
        partition.done(first);
        commit();
        partition.done(second);
        commit();
        assertEquals(1, broker.asked.size());
        assertEquals(Long.MAX_VALUE, committer.nextMs());
        broker.answers.poll().run();
        assertEquals(1, committer.committed(TP).offset());
        assertEquals(startMs + INTERVAL_MS, committer.nextMs());
        commit();
        assertEquals(2, broker.lastOffset());
        broker.answers.poll().run();
        commit();
        assertEquals(2, broker.asked.size(), "nothing new");
    }

    @Test
    void shouldSendTheNewestAfterAFailure() {
        partition.startAt(0, DoneOffsets.EMPTY);
        WorkRecord first = admit(0, 3);
        WorkRecord second = admit(1, 3);
        partition.done(first);
        broker.failures.add(new TimeoutException("slow"));
        commit();
        partition.done(second);
        time.sleep(5_000);
        broker.answers.poll().run();
        assertEquals(1, committer.failures());
        assertNull(committer.committed(TP));
        assertEquals(startMs + 5_000 + BACKOFF_MS, committer.nextMs());
        commit();
        assertEquals(2, broker.lastOffset());
        assertEquals(List.of(), fatal);
    }

    @Test
    void shouldSayWhichLeaderEpochItsOffsetsAreOf() {
        partition.startAt(0, DoneOffsets.EMPTY);
        WorkRecord first = admit(0, 3);
        WorkRecord second = admit(1, 4);
        partition.advance(2, Optional.of(5));
        partition.done(first);
        commit();
        assertEquals(Optional.of(4), broker.asked.get(0).leaderEpoch());
        broker.answers.poll().run();
        partition.done(second);
        commit();
        assertEquals(Optional.of(5), broker.asked.get(1).leaderEpoch());
    }

    // ---------------------------------------------------------------- at the edges

    @Test
    void shouldTryAgainUntilTheDeadlineAtAnEdge() {
        partition.startAt(0, DoneOffsets.EMPTY);
        partition.done(admit(0, 0));
        broker.failures.add(new TimeoutException("slow"));
        broker.failures.add(new WakeupException());
        broker.failures.add(new TimeoutException("slow"));
        assertTrue(committer.commitSync(List.of(partition), 2_000));
        assertEquals(4, broker.asked.size());
        assertEquals(2, committer.failures());
        partition.done(admit(1, 0));
        for (int i = 0; i < 10; i++)
            broker.failures.add(new TimeoutException("slow"));
        assertFalse(committer.commitSync(List.of(partition), 900));
        assertEquals(7, broker.asked.size(), "three times 300 ms");
    }

    @Test
    void shouldNotTryAgainAtAnEdgeWhatCannotSucceed() {
        partition.startAt(0, DoneOffsets.EMPTY);
        partition.done(admit(0, 0));
        broker.failures.add(new CommitFailedException("another has the partition"));
        assertFalse(committer.commitSync(List.of(partition), 60_000));
        broker.failures.add(new GroupAuthorizationException("g"));
        assertFalse(committer.commitSync(List.of(partition), 60_000));
        assertEquals(1, fatal.size());
        assertEquals(2, broker.asked.size());
    }

    @Test
    void shouldSendWithoutMetadataAtOnceWhenTheyAreTooLargeAtAnEdge() {
        partition.startAt(0, DoneOffsets.EMPTY);
        admit(0, 0);
        partition.done(admit(1, 0));
        broker.failures.add(new OffsetMetadataTooLarge("too large"));
        assertTrue(committer.commitSync(List.of(partition), 0));
        assertFalse(broker.asked.get(0).metadata().isEmpty());
        assertEquals("", broker.asked.get(1).metadata());
    }

    @Test
    void shouldRememberWhatABrokerTakesThatTakesLess() {
        partition.startAt(0, DoneOffsets.EMPTY);
        for (int offset = 0; offset < 20_000; offset++) {
            WorkRecord record = admit(offset, 0);
            // Holes of all sizes, so that they don't fit into little.
            if (offset % 2 == 1 && offset % 7 != 0)
                partition.done(record);
        }
        int most = 1_024;
        broker.longest = most;
        assertTrue(committer.commitSync(List.of(partition), 60_000));
        assertTrue(broker.asked.get(0).metadata().length() > most);
        String taken = broker.asked.get(broker.asked.size() - 1).metadata();
        assertTrue(taken.length() <= most && taken.length() > most / 4, "remembers " + taken.length());
        assertTrue(broker.asked.size() <= 4, broker.asked.size() + " commits");
    }

    // ---------------------------------------------------------------- what was committed before

    @Test
    void shouldCountMetadataItDoesNotUse() {
        DoneOffsets done = DoneOffsets.of(7, 9);
        String own = OffsetMapCodec.encode(done, TOPIC_ID, 5, 4096);
        String[] unusable = {"of another tool", "millrace-done:!", own.substring(0, own.length() - 2), own + "A".repeat(50_000),
            OffsetMapCodec.encode(done, TOPIC_ID, 6, 4096), OffsetMapCodec.encode(done, new Uuid(3, 4), 5, 4096)};
        for (int i = 0; i < unusable.length; i++) {
            AssignedPartition fresh = new AssignedPartition(TP, 0);
            committer.begin(fresh, new OffsetAndMetadata(5, unusable[i]));
            assertEquals(i + 1, committer.ignoredMetadata(), unusable[i]);
            assertEquals(5, fresh.tracker().position());
            assertFalse(fresh.tracker().isDone(7), unusable[i]);
        }
        for (String fine : new String[] {"", own}) {
            AssignedPartition fresh = new AssignedPartition(TP, 0);
            committer.begin(fresh, new OffsetAndMetadata(5, fine));
            assertEquals(unusable.length, committer.ignoredMetadata());
            assertEquals(!fine.isEmpty(), fresh.tracker().isDone(7));
        }
    }

    @Test
    void shouldRememberNothingOfATopicWhoseIdIsNotKnown() {
        OffsetCommitter unknowing = new OffsetCommitter(broker, time, INTERVAL_MS, BACKOFF_MS, fatal::add);
        partition.startAt(0, DoneOffsets.EMPTY);
        admit(0, 0);
        partition.done(admit(1, 0));
        unknowing.commit(List.of(partition));
        assertEquals("", broker.asked.get(0).metadata());
    }
}
