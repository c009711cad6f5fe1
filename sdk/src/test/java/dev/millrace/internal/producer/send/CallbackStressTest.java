package dev.millrace.internal.producer.send;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.internal.producer.batch.SendResult;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.apache.kafka.clients.producer.BufferExhaustedException;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Timeout;

/**
 * Several threads append to several partitions while batches are acknowledged, refused, sent again, split, and expire, and
 * callbacks take their time on threads of their own: each is called once, and a partition's in the order of its records, one at
 * a time.
 */
@Timeout(120)
class CallbackStressTest extends EngineTest {

    private static final int PARTITIONS = 7;
    private static final int APPENDERS = 2;
    private static final int RECORDS = 4000;

    private final List<String> wrong = Collections.synchronizedList(new ArrayList<>());
    private final AtomicInteger acknowledged = new AtomicInteger();
    private final AtomicInteger failed = new AtomicInteger();
    private final AtomicInteger[] inCallback = new AtomicInteger[PARTITIONS];
    /** The partition's one callback thread. */
    private final AtomicReferenceArray<Thread> threads = new AtomicReferenceArray<>(PARTITIONS);
    /** By partition and appender, the last record that was acknowledged; its partition's callback thread only. */
    private final int[][] last = new int[PARTITIONS][APPENDERS];
    /** By partition, the offset acknowledged last; its partition's callback thread only. */
    private final long[] lastOffset = new long[PARTITIONS];

    @RepeatedTest(4)
    void shouldCallEachOnceAndAPartitionsInOrder() throws Exception {
        long seed = System.nanoTime();
        System.out.println("CallbackStressTest seed " + seed);
        Random random = new Random(seed);
        start(o -> {
            o.partitions = PARTITIONS;
            o.callbackThreads = 1 + random.nextInt(4);
            o.batchSize = 300;
            o.bufferMemory = 20_000;
            o.maxInFlight = 1;
            o.idempotent = random.nextBoolean();
            o.deliveryTimeoutMs = 300;
            o.retries = 3;
            o.retryBackoffMs = 5;
            o.retryBackoffMaxMs = 10;
            o.quiet = true;
        });
        for (int p = 0; p < PARTITIONS; p++) {
            inCallback[p] = new AtomicInteger();
            lastOffset[p] = -1;
            for (int a = 0; a < APPENDERS; a++)
                last[p][a] = -1;
        }
        AtomicInteger[][] calls = new AtomicInteger[APPENDERS][RECORDS];
        SendResult[][] results = new SendResult[APPENDERS][RECORDS];
        List<Thread> appenders = new ArrayList<>();
        for (int a = 0; a < APPENDERS; a++) {
            int appender = a;
            Random own = new Random(random.nextLong());
            appenders.add(new Thread(() -> append(appender, own, calls[appender], results[appender])));
        }
        appenders.forEach(Thread::start);
        long offset = 0;
        while (appenders.stream().anyMatch(Thread::isAlive) || engine.accumulator.hasUnended())
            offset = drive(random, offset);
        engine.sender.initiateClose();
        while (engine.accumulator.hasIncomplete())
            Thread.onSpinWait();
        assertEquals(List.of(), wrong);
        for (int a = 0; a < APPENDERS; a++)
            for (int i = 0; i < RECORDS; i++) {
                assertEquals(1, calls[a][i].get(), "calls for record " + i + " of thread " + a);
                assertTrue(results[a][i].isDone());
            }
        System.out.println(acknowledged + " acknowledged, " + failed + " failed");
        assertTrue(acknowledged.get() > RECORDS / 2);
        assertEquals(engine.pool.totalMemory(), engine.pool.availableMemory());
        engine.callbackThreads.close(10_000);
    }

    /** One event: an answer of some kind to some request, a lost connection, or time. */
    private long drive(Random random, long offset) {
        engine.step();
        int waiting = engine.requests().size();
        int event = random.nextInt(100);
        if (event < 3) {
            engine.time.sleep(random.nextInt(40));
        } else if (event < 5 && waiting > 0) {
            engine.disconnect();
        } else if (waiting > 0) {
            Errors error = event < 80 ? Errors.NONE : event < 90 ? Errors.NOT_ENOUGH_REPLICAS
                    : event < 95 ? Errors.MESSAGE_TOO_LARGE : Errors.INVALID_REQUIRED_ACKS;
            engine.respond(random.nextInt(waiting), error, error == Errors.NONE ? offset : -1);
            return offset + 1000;
        } else {
            engine.time.sleep(1);
        }
        return offset;
    }

    private void append(int appender, Random random, AtomicInteger[] calls, SendResult[] results) {
        try {
            for (int i = 0; i < RECORDS; i++) {
                int n = i;
                int partition = random.nextInt(PARTITIONS);
                int spins = random.nextInt(50) == 0 ? 20_000 : 10;
                calls[n] = new AtomicInteger();
                results[n] = engine.append(partition, "x".repeat(random.nextInt(100)), (metadata, e) -> {
                    calls[n].incrementAndGet();
                    called(partition, appender, n, e == null ? metadata.offset() : -1, spins);
                }, 100_000);
            }
        } catch (InterruptedException | BufferExhaustedException e) {
            wrong.add(e.toString());
        }
    }

    private void called(int partition, int appender, int n, long offset, int spins) {
        if (inCallback[partition].incrementAndGet() != 1)
            wrong.add("two callbacks of partition " + partition + " at a time");
        if (!threads.compareAndSet(partition, null, Thread.currentThread()) && threads.get(partition) != Thread.currentThread())
            wrong.add("another thread calls back for partition " + partition);
        (offset >= 0 ? acknowledged : failed).incrementAndGet();
        if (offset >= 0) {
            // Those that expire are told of when they do, be they in the queue or before it, on the wire.
            if (n <= last[partition][appender] || offset <= lastOffset[partition])
                wrong.add(n + "@" + offset + " after " + last[partition][appender] + "@" + lastOffset[partition]);
            last[partition][appender] = n;
            lastOffset[partition] = offset;
        }
        for (int i = 0; i < spins; i++)
            Thread.onSpinWait();
        inCallback[partition].decrementAndGet();
    }
}
