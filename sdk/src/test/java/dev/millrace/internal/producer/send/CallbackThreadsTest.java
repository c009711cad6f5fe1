package dev.millrace.internal.producer.send;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.internal.producer.batch.AsyncResult;
import dev.millrace.internal.producer.batch.SendResult;
import dev.millrace.internal.producer.send.TransactionHarness.Protocol;
import dev.millrace.internal.producer.txn.TransactionResult;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** {@code millrace.callback.threads}: what waits for a callback, and what does not. */
class CallbackThreadsTest extends EngineTest {

    /** A callback that does not return before it is told to, and says how often it was called. */
    private static final class Hanging implements Callback {
        final CountDownLatch called = new CountDownLatch(1);
        final CountDownLatch mayReturn = new CountDownLatch(1);
        final AtomicInteger calls = new AtomicInteger();
        volatile Exception told;

        @Override
        public void onCompletion(RecordMetadata metadata, Exception exception) {
            told = exception;
            calls.incrementAndGet();
            called.countDown();
            try {
                mayReturn.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private final Hanging hanging = new Hanging();

    @Override
    EngineHarness start(Consumer<EngineHarness.Options> choices) {
        return super.start(o -> {
            o.callbackThreads = 2;
            choices.accept(o);
        });
    }

    @AfterEach
    void release() {
        hanging.mayReturn.countDown();
    }

    /** A batch of partition 0, acknowledged, of whose records the first has a callback that hangs. */
    private List<SendResult> hang(Callback... behind) throws Exception {
        List<SendResult> results = new ArrayList<>(List.of(engine.append(0, "hanging", hanging, 1000)));
        for (Callback callback : behind)
            results.add(engine.append(0, "behind", callback, 1000));
        engine.step();
        engine.respond(0, Errors.NONE, 0);
        hanging.called.await();
        return results;
    }

    private void awaitCallbacks() {
        while (engine.accumulator.hasIncomplete())
            Thread.onSpinWait();
    }

    @Test
    void shouldCallBackOffTheSenderThreadInOrder() throws Exception {
        start(o -> o.partitions = 4);
        List<List<String>> called = new ArrayList<>();
        List<List<Thread>> threads = new ArrayList<>();
        for (int partition = 0; partition < 4; partition++) {
            called.add(Collections.synchronizedList(new ArrayList<>()));
            threads.add(Collections.synchronizedList(new ArrayList<>()));
        }
        for (int round = 0; round < 5; round++) {
            for (int i = 0; i < 12; i++) {
                int partition = i % 4;
                engine.append(partition, "v", (metadata, e) -> {
                    called.get(partition).add(metadata.partition() + "@" + metadata.offset());
                    threads.get(partition).add(Thread.currentThread());
                }, 1000);
            }
            engine.step();
            engine.respond(0, Errors.NONE, 3 * round);
        }
        awaitCallbacks();
        for (int partition = 0; partition < 4; partition++) {
            for (int i = 0; i < 15; i++)
                assertEquals(partition + "@" + i, called.get(partition).get(i));
            assertEquals(1, threads.get(partition).stream().distinct().count());
            assertNotEquals(Thread.currentThread(), threads.get(partition).get(0));
        }
        // Neighbours are not on the same thread.
        assertNotEquals(threads.get(0).get(0), threads.get(1).get(0));
        assertEquals(engine.pool.totalMemory(), engine.pool.availableMemory());
    }

    @Test
    void shouldGoOnSendingWhileACallbackHangs() throws Exception {
        start(o -> { });
        List<SendResult> hung = hang((metadata, e) -> { });
        // Nobody is to find a record done whose callback has not returned.
        assertThrows(java.util.concurrent.TimeoutException.class, () -> hung.get(0).get(0, TimeUnit.MILLISECONDS));
        assertFalse(hung.get(1).isDone());
        SendResult elsewhere = engine.append(1, "elsewhere");
        SendResult same = engine.append(0, "same");
        engine.step();
        assertEquals(2, EngineHarness.batches(engine.requests().get(0)).size());
        engine.respond(0, Errors.NONE, 2);
        elsewhere.get();
        assertFalse(same.isDone());
        hanging.mayReturn.countDown();
        assertEquals(2, same.get().offset());
        assertEquals(1, hung.get(1).get().offset());
    }

    @Test
    void shouldGiveMemoryBackAfterTheCallbacks() throws Exception {
        start(o -> o.bufferMemory = 4096);
        hang();
        assertTrue(engine.pool.availableMemory() < engine.pool.totalMemory());
        hanging.mayReturn.countDown();
        awaitCallbacks();
        assertEquals(engine.pool.totalMemory(), engine.pool.availableMemory());
    }

    /** Else a topic that takes small batches only would let more and more records wait for their callbacks. */
    @Test
    void shouldKeepTheMemoryOfABatchThatWasSplit() throws Exception {
        start(o -> {
            o.batchSize = 4000;
            o.lingerMs = 5;
        });
        for (int i = 0; i < 20; i++)
            engine.append(0, i + "x".repeat(100), i == 0 ? hanging : null, 1000);
        engine.time.sleep(5);
        engine.step();
        engine.respond(0, Errors.MESSAGE_TOO_LARGE, -1);
        for (int written = 0; written < 20; ) {
            engine.step();
            int records = engine.sent(0).values().size();
            engine.respond(0, Errors.NONE, written);
            written += records;
        }
        assertEquals(0, engine.requests().size());
        assertTrue(engine.pool.availableMemory() <= engine.pool.totalMemory() - 4000);
        hanging.mayReturn.countDown();
        awaitCallbacks();
        assertEquals(engine.pool.totalMemory(), engine.pool.availableMemory());
    }

    @Test
    void shouldFlushNotBeforeCallbacksHaveReturned() throws Exception {
        start(o -> { });
        hang();
        var flushed = engine.accumulator.beginFlush();
        assertEquals(1, flushed.size());
        assertFalse(flushed.get(0).awaitDone(0, TimeUnit.MILLISECONDS));
        hanging.mayReturn.countDown();
        flushed.get(0).awaitAllDone();
        engine.accumulator.endFlush();
        assertEquals(1, hanging.calls.get());
    }

    // ---------------------------------------------------------------- expiry

    /** Neither does it expire, nor does the sender wake up again and again to see whether it has. */
    @Test
    void shouldNotExpireWhatWaitsForItsCallback() throws Exception {
        start(o -> o.deliveryTimeoutMs = 1000);
        SendResult hung = hang().get(0);
        List<Long> waits = new ArrayList<>();
        engine.client.sleep(waits::add, Integer.MAX_VALUE);
        engine.time.sleep(5000);
        engine.step();
        engine.step();
        assertTrue(waits.get(1) > 10, () -> "it sleeps for " + waits.get(1) + " ms");
        hanging.mayReturn.countDown();
        assertEquals(0, hung.get().offset());
        assertEquals(1, hanging.calls.get());
    }

    /** Its fate was told when it expired, though who is told has not finished listening. */
    @Test
    void shouldIgnoreAnswersToABatchThatExpiredWhileItsCallbackHangs() throws Exception {
        for (Errors answer : List.of(Errors.NONE, Errors.NOT_ENOUGH_REPLICAS, Errors.MESSAGE_TOO_LARGE, Errors.INVALID_RECORD)) {
            start(o -> {
                o.deliveryTimeoutMs = 1000;
                o.idempotent = false;
            });
            Hanging callback = new Hanging();
            SendResult lost = engine.append(0, "lost", callback, 1000);
            engine.append(0, "with it");
            engine.step();
            engine.time.sleep(2001);
            engine.step();
            callback.called.await();
            engine.time.sleep(2001);
            engine.step();
            assertInstanceOf(TimeoutException.class, callback.told);
            engine.respond(0, answer, 7);
            engine.stepAfterBackoff();
            assertEquals(0, engine.requests().size(), answer + " had it sent again");
            assertEquals(2.0, engine.metric("record-error-total"), answer + " is another error");
            assertEquals(0.0, engine.metric("batch-split-total"));
            assertFalse(lost.isDone());
            callback.mayReturn.countDown();
            assertInstanceOf(TimeoutException.class, causeOf(lost));
            awaitCallbacks();
            assertEquals(1, callback.calls.get());
            assertEquals(engine.pool.totalMemory(), engine.pool.availableMemory());
            engine.close();
        }
    }

    // ---------------------------------------------------------------- the sender waits, and is woken

    /** From now on the sender sleeps, for a time that does not pass, until it is woken. */
    private static Thread runSender(EngineHarness engine) {
        Semaphore wakeups = new Semaphore(0);
        engine.client.setWakeupHook(wakeups::release);
        engine.client.sleep(timeoutMs -> {
            if (timeoutMs > 0)
                wakeups.acquireUninterruptibly();
            wakeups.drainPermits();
        }, Integer.MAX_VALUE);
        Thread thread = new Thread(engine.sender, "sender");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private static void awaitSleep(Thread sender) {
        while (sender.getState() != Thread.State.WAITING)
            Thread.onSpinWait();
    }

    @Test
    void shouldCloseNotBeforeCallbacksHaveReturned() throws Exception {
        start(o -> { });
        AtomicInteger others = new AtomicInteger();
        hang((metadata, e) -> others.incrementAndGet());
        Thread sender = runSender(engine);
        engine.sender.initiateClose();
        awaitSleep(sender);
        hanging.mayReturn.countDown();
        sender.join();
        assertEquals(1, others.get());
        assertEquals(engine.pool.totalMemory(), engine.pool.availableMemory());
        engine.callbackThreads.close(10_000);
    }

    @Test
    void shouldCloseByForceWhileACallbackHangs() throws Exception {
        start(o -> { });
        List<String> told = Collections.synchronizedList(new ArrayList<>());
        hang((metadata, e) -> told.add("behind " + e));
        AsyncResult async = new AsyncResult();
        SendResult failed = engine.append(0, "failed", async, 1000);
        SendResult queued = engine.append(0, "queued", (metadata, e) -> told.add("queued " + e), 1000);
        engine.append(1, "elsewhere", (metadata, e) -> told.add("elsewhere " + e.getMessage()), 1000);
        Thread sender = runSender(engine);
        engine.sender.forceClose();
        sender.join();
        // Those of other threads are called while there is time; MockTime does not let it pass.
        while (told.isEmpty())
            Thread.onSpinWait();
        engine.callbackThreads.close(0);
        assertEquals(List.of("elsewhere Producer is closed forcefully."), told);
        assertInstanceOf(KafkaException.class, causeOf(failed));
        assertInstanceOf(KafkaException.class, causeOf(queued));
        assertTrue(async.isCompletedExceptionally());
        hanging.mayReturn.countDown();
        awaitCallbacks();
        assertEquals(1, told.size());
        assertEquals(engine.pool.totalMemory(), engine.pool.availableMemory());
        engine.callbackThreads.close(10_000);
    }

    @Test
    void shouldCompleteTheBatchWhoseCallbackHangsWhenItIsAbandoned() throws Exception {
        start(o -> { });
        List<SendResult> hung = hang((metadata, e) -> { });
        engine.callbackThreads.close(0);
        assertEquals(0, hung.get(0).get().offset());
        assertEquals(1, hung.get(1).get().offset());
    }

    @Test
    void shouldEndATransactionWhenTheLastCallbackHasReturned() throws Exception {
        try (TransactionHarness tx = new TransactionHarness(Protocol.V2, o -> o.callbackThreads = 1)) {
            tx.initialized().manager.beginTransaction();
            tx.engine.append(0, "a", hanging, 1000);
            TransactionResult commit = tx.manager.beginCommit();
            tx.produce(Errors.NONE, 0);
            hanging.called.await();
            tx.settle();
            assertEquals(List.of(), tx.awaiting());
            AtomicInteger wakeups = new AtomicInteger();
            tx.engine.client.setWakeupHook(wakeups::incrementAndGet);
            hanging.mayReturn.countDown();
            // It sleeps for ever unless it is told.
            while (wakeups.get() == 0)
                Thread.onSpinWait();
            tx.settle();
            assertEquals(List.of(ApiKeys.END_TXN), tx.awaiting());
            tx.endTransaction(Errors.NONE);
            tx.succeeded(commit);
        }
    }

    @Test
    void shouldGoOnAfterACallbackInterruptedItsThreadOrThrew() throws Exception {
        start(o -> { });
        for (int i = 0; i < 3; i++) {
            SendResult interrupting = engine.append(0, "a", (metadata, e) -> Thread.currentThread().interrupt(), 1000);
            SendResult throwing = engine.append(0, "b", (metadata, e) -> {
                throw new LinkageError("the user's");
            }, 1000);
            engine.step();
            engine.respond(0, Errors.NONE, 0);
            interrupting.get();
            throwing.get();
        }
    }
}
