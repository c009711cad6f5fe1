package dev.millrace.internal.consumer.work;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.consumer.ProcessingOrder;
import dev.millrace.consumer.RecordOutcome;
import dev.millrace.internal.consumer.offsets.DoneOffsets;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.utils.Time;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The hand-overs between poll thread, lanes, workers and completing threads, under attack: handlers fail and are tried again, partitions
 * are revoked and come back, the number of workers changes. Every record that was not dropped is completed, in the order of its key, and no
 * two of a key are in a handler at once.
 */
@Timeout(120)
class WorkFloorStressTest {

    private static final int RECORDS = 60_000;
    private static final int KEYS = 200;
    private static final int PARTITIONS = 3;
    private static final int MOST_OPEN = 2_000;
    /** Only a lost wakeup makes anybody wait for so long; the test's time is over then. */
    private static final long STUCK_NS = TimeUnit.SECONDS.toNanos(60);

    private enum Kind { BLOCKING, ASYNC, BATCH }

    private final ScheduledExecutorService elsewhere = Executors.newScheduledThreadPool(2);
    private final Map<String, Long> inWork = new ConcurrentHashMap<>();
    private final Set<String> wrong = ConcurrentHashMap.newKeySet();
    /** By lane, the highest offset that was handled; only touched by who has the lane in work. */
    private final Map<String, Long> last = new ConcurrentHashMap<>();
    private final Thread pollThread = Thread.currentThread();
    private final Completions completions = new Completions(() -> LockSupport.unpark(pollThread));
    private ProcessingOrder order;
    private int failEvery;

    @AfterEach
    void endThreads() {
        elsewhere.shutdownNow();
    }

    @ParameterizedTest
    @CsvSource({"BLOCKING, KEY, 1", "BLOCKING, PARTITION, 2", "BLOCKING, UNORDERED, 3", "ASYNC, KEY, 4", "ASYNC, PARTITION, 5",
        "ASYNC, UNORDERED, 6", "BATCH, KEY, 7", "BATCH, PARTITION, 8", "BATCH, UNORDERED, 9"})
    void shouldCompleteEverythingInItsOrder(Kind kind, ProcessingOrder ordering, long seed) throws Exception {
        System.out.println("WorkFloorStressTest " + kind + " " + ordering + " seed " + seed);
        Random random = new Random(seed);
        order = ordering;
        failEvery = 40;
        WorkFloor floor = floor(kind, 8);
        floor.start(8, WorkerThreads.factory(false, "stress"), e -> wrong.add("a worker died: " + e));
        AssignedPartition[] partitions = new AssignedPartition[PARTITIONS];
        long[] offsets = new long[PARTITIONS];
        for (int i = 0; i < PARTITIONS; i++)
            partitions[i] = assigned(i, 0);
        int routed = 0;
        int done = 0;
        int dropped = 0;
        Deque<WorkRecord> retries = new ArrayDeque<>();
        while (done + dropped < RECORDS) {
            for (int i = random.nextInt(300); i > 0 && routed < RECORDS && routed - done - dropped < MOST_OPEN; i--, routed++) {
                int p = random.nextInt(PARTITIONS);
                WorkRecord record = record(partitions[p], offsets[p]++, random.nextInt(KEYS + 1));
                partitions[p].admitted(record);
                floor.route(record);
            }
            for (int i = random.nextInt(20); i > 0 && !retries.isEmpty(); i--) {
                WorkRecord record = retries.pollFirst();
                record.requeue();
                floor.route(record);
            }
            if (random.nextInt(200) == 0)
                floor.resize(1 + random.nextInt(12));
            if (random.nextInt(300) == 0) {
                int p = random.nextInt(PARTITIONS);
                int[] counts = revoke(floor, partitions[p], retries);
                done += counts[0];
                dropped += counts[1];
                partitions[p] = assigned(p, offsets[p]);
            }
            int open = routed - done - dropped;
            if (retries.isEmpty() && (routed == RECORDS || open >= MOST_OPEN) && open > 0 && completions.beginSleep(1))
                LockSupport.parkNanos(STUCK_NS);
            completions.endSleep();
            for (WorkRecord record = completions.takeAll(); record != null; ) {
                WorkRecord next = Completions.next(record);
                done += settle(record, retries);
                record = next;
            }
        }
        assertEquals(RECORDS, done + dropped);
        assertEquals(Set.of(), wrong);
        assertTrue(done > RECORDS / 10, "done " + done + ", the others dropped");
        assertTrue(floor.close(Duration.ofSeconds(20)));
        assertEquals(Map.of(), inWork);
    }

    private static int settle(WorkRecord record, Deque<WorkRecord> retries) {
        if (record.outcome() instanceof WorkRecord.Outcome.Handled) {
            record.partition().done(record);
            return 1;
        }
        retries.addLast(record);
        return 0;
    }

    /** As the poll thread does: drops what is queued or waits, lets finish what runs. */
    private int[] revoke(WorkFloor floor, AssignedPartition partition, Deque<WorkRecord> retries) {
        partition.revoke();
        int done = 0;
        for (WorkRecord record = partition.tracker().oldest(); record != null; record = partition.tracker().next(record))
            record.dropQueued();
        Deque<WorkRecord> others = new ArrayDeque<>();
        List<WorkRecord> mine = new ArrayList<>();
        retries.forEach(record -> (record.partition() == partition ? mine : others).add(record));
        retries.clear();
        retries.addAll(others);
        while (true) {
            for (WorkRecord record : mine) {
                record.dropPosted();
                floor.route(record);
            }
            mine.clear();
            for (WorkRecord record = completions.takeAll(); record != null; ) {
                WorkRecord next = Completions.next(record);
                if (record.partition() != partition)
                    otherDone += settle(record, retries);
                else if (record.outcome() instanceof WorkRecord.Outcome.Handled) {
                    partition.done(record);
                    done++;
                } else {
                    mine.add(record);
                }
                record = next;
            }
            if (mine.isEmpty() && allDropped(partition))
                break;
            if (mine.isEmpty() && completions.beginSleep(1))
                LockSupport.parkNanos(STUCK_NS);
            completions.endSleep();
        }
        int other = otherDone;
        otherDone = 0;
        return new int[] {done + other, partition.tracker().pending()};
    }

    private int otherDone;

    private static boolean allDropped(AssignedPartition partition) {
        for (WorkRecord record = partition.tracker().oldest(); record != null; record = partition.tracker().next(record))
            if (record.status() != WorkRecord.Status.DROPPED)
                return false;
        return true;
    }

    // ---------------------------------------------------------------- handlers

    private WorkFloor floor(Kind kind, int concurrency) {
        Attempts<String, String> attempts = new Attempts<>(completions, Time.SYSTEM, null, Long.MAX_VALUE);
        WorkFloor.Plan<String, String> plan = new WorkFloor.Plan<>(order, concurrency, 1, attempts,
                () -> new RecordDecoder<>(new StringDeserializer(), new StringDeserializer()));
        return switch (kind) {
            case BLOCKING -> WorkFloor.blocking(plan, (record, context) -> {
                enter(record);
                leave(record, context.attempt());
            });
            case ASYNC -> WorkFloor.async(plan, (record, context) -> {
                enter(record);
                if (record.offset() % 2 == 0) {
                    leave(record, context.attempt());
                    return CompletableFuture.completedFuture(null);
                }
                return CompletableFuture.runAsync(() -> leave(record, context.attempt()), elsewhere);
            });
            case BATCH -> WorkFloor.batches(plan, records -> {
                List<RecordOutcome> outcomes = new ArrayList<>();
                Map<String, Boolean> failed = new HashMap<>();
                for (ConsumerRecord<String, String> record : records) {
                    if (failed.containsKey(lane(record))) {
                        outcomes.add(RecordOutcome.handled());
                        continue;
                    }
                    enter(record);
                    try {
                        leave(record, record.offset() % 7 == 0 ? 1 : 2);
                        outcomes.add(RecordOutcome.handled());
                    } catch (IllegalStateException e) {
                        failed.put(lane(record), true);
                        outcomes.add(RecordOutcome.failed(e));
                    }
                }
                return outcomes;
            }, 20);
        };
    }

    private String lane(ConsumerRecord<String, String> record) {
        return switch (order) {
            case KEY -> record.key() == null ? record.partition() + "@" + record.offset() : record.partition() + "/" + record.key();
            case PARTITION -> Integer.toString(record.partition());
            case UNORDERED -> record.partition() + "@" + record.offset();
        };
    }

    private void enter(ConsumerRecord<String, String> record) {
        if (inWork.putIfAbsent(lane(record), record.offset()) != null)
            wrong.add("two at once in " + lane(record));
    }

    private void leave(ConsumerRecord<String, String> record, int attempt) {
        String lane = lane(record);
        boolean fails = attempt == 1 && record.offset() % failEvery == 0 && failOnce.add(record.partition() + "@" + record.offset());
        if (!fails && last.merge(lane, record.offset(), Math::max) != record.offset())
            wrong.add("overtaken: " + lane + " offset " + record.offset());
        inWork.remove(lane);
        if (fails)
            throw new IllegalStateException("planned");
    }

    private final Set<String> failOnce = ConcurrentHashMap.newKeySet();

    // ---------------------------------------------------------------- records

    private static AssignedPartition assigned(int number, long position) {
        AssignedPartition partition = new AssignedPartition(new TopicPartition("topic", number), 0);
        partition.startAt(position, DoneOffsets.EMPTY);
        return partition;
    }

    private static WorkRecord record(AssignedPartition partition, long offset, int key) {
        // One key of all is none.
        byte[] bytes = ("key-" + key).getBytes(StandardCharsets.UTF_8);
        ConsumerRecord<ByteBuffer, ByteBuffer> raw = new ConsumerRecord<>("topic", partition.topicPartition().partition(), offset, 0,
                TimestampType.CREATE_TIME, bytes.length, 3, key == KEYS ? null : ByteBuffer.wrap(bytes), ByteBuffer.wrap(new byte[3]),
                new RecordHeaders(), Optional.empty());
        return new WorkRecord(raw, partition);
    }
}
