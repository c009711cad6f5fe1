package dev.millrace.internal.producer.send;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.codec.CodecType;
import dev.millrace.internal.producer.batch.SendResult;
import dev.millrace.internal.producer.send.SimulatedBrokers.Ended;
import dev.millrace.internal.producer.send.TransactionHarness.Protocol;
import dev.millrace.internal.producer.txn.TransactionResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TransactionAbortedException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Threads that send while another begins, commits and aborts as fast as it can. Every record that was taken is told of its
 * fate before its transaction is; every one acknowledged is a part of exactly one transaction; nothing is late for its end.
 */
@Timeout(120)
class TransactionStressTest {

    private static final int TRANSACTIONS = 1000;
    private static final int SENDERS = 3;
    private static final int PARTITIONS = 3;
    private static final int RECORDS = 10;

    private record Sent(String value, SendResult result) {
    }

    private TransactionHarness tx;
    private Thread senderThread;
    private final Queue<Sent> sent = new ConcurrentLinkedQueue<>();
    private final Queue<Throwable> unexpected = new ConcurrentLinkedQueue<>();
    /** How often the senders may try. */
    private final Semaphore turns = new Semaphore(0);
    /** What they had taken. */
    private final Semaphore taken = new Semaphore(0);
    private volatile boolean stop;

    @AfterEach
    void stop() throws InterruptedException {
        stop = true;
        turns.release(SENDERS);
        tx.engine.sender.forceClose();
        senderThread.join();
        tx.close();
    }

    private void await(Supplier<TransactionResult> operation) {
        TransactionResult result = operation.get();
        tx.engine.sender.wakeup();
        result.await(60_000, "in a stress test");
    }

    private void send(String value, int partition) throws InterruptedException {
        try {
            SendResult result = tx.engine.append(partition, value, null, 60_000);
            sent.add(new Sent(value, result));
            taken.release();
        } catch (IllegalStateException e) {
            // No transaction is open.
        }
    }

    private void sendOn(int thread, long seed) {
        Random random = new Random(seed);
        try {
            for (int i = 0; !stop; i++) {
                turns.acquire();
                send(thread + "-" + i, random.nextInt(PARTITIONS));
            }
        } catch (KafkaException e) {
            // The producer is closed, at the end.
            if (!stop)
                unexpected.add(e);
        } catch (Throwable e) {
            unexpected.add(e);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"V1", "V2"})
    void shouldPutEachRecordIntoOneTransaction(Protocol protocol) throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        SimulatedBrokers[] brokers = new SimulatedBrokers[1];
        tx = new TransactionHarness(protocol, o -> {
            o.client = (time, metadata) -> brokers[0] = new SimulatedBrokers(time, metadata, protocol == Protocol.V2, seed);
            o.codec = CodecType.LZ4;
            o.batchSize = 200;
            o.bufferMemory = 1 << 18;
        });
        senderThread = new Thread(tx.engine.sender, "stressed sender");
        senderThread.start();
        await(tx.manager::initialize);
        tx.manager.initialized();
        List<Thread> senders = new ArrayList<>();
        for (int thread = 0; thread < SENDERS; thread++) {
            int number = thread;
            senders.add(new Thread(() -> sendOn(number, seed + number), "sends " + number));
        }
        senders.forEach(Thread::start);

        Random random = new Random(seed);
        for (int transaction = 0; transaction < TRANSACTIONS; transaction++)
            run(transaction, random);
        stop = true;
        turns.release(SENDERS);
        for (Thread sender : senders)
            sender.join();
        tx.engine.sender.initiateClose();
        senderThread.join();
        check(brokers[0]);
    }

    private void run(int transaction, Random random) throws InterruptedException {
        turns.release(RECORDS);
        tx.manager.beginTransaction();
        List<SendResult> own = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--)
            own.add(tx.engine.append(random.nextInt(PARTITIONS), "own-" + transaction + "-" + i, null, 60_000));
        if (random.nextInt(4) == 0)
            letOthersSend();
        boolean commit = random.nextInt(4) > 0;
        await(commit ? tx.manager::beginCommit : tx.manager::beginAbort);
        for (SendResult result : own) {
            assertTrue(result.isDone(), "a record is late for the end of transaction " + transaction);
            if (commit)
                assertEquals(null, errorOf(result), "transaction " + transaction);
        }
    }

    /** On a busy machine they might not get a turn between a beginning and an end. */
    private void letOthersSend() throws InterruptedException {
        taken.drainPermits();
        turns.release(2 * RECORDS);
        assertTrue(taken.tryAcquire(RECORDS, 60, TimeUnit.SECONDS), "the senders are stuck: " + unexpected);
    }

    private static Throwable errorOf(SendResult result) throws InterruptedException {
        try {
            result.get();
            return null;
        } catch (ExecutionException e) {
            return e.getCause();
        }
    }

    private void check(SimulatedBrokers brokers) throws InterruptedException {
        assertEquals(List.of(), List.copyOf(unexpected));
        assertEquals(List.of(), brokers.violations);
        Map<String, Boolean> written = new HashMap<>();
        for (Ended transaction : brokers.ended)
            for (String value : transaction.records())
                assertEquals(null, written.put(value, transaction.committed()), value + " was written twice");
        int acknowledged = 0;
        Set<String> known = new HashSet<>();
        for (Sent record : sent) {
            known.add(record.value());
            assertTrue(record.result().isDone(), record.value() + " is stuck");
            Throwable error = errorOf(record.result());
            if (error == null) {
                acknowledged++;
                assertTrue(written.containsKey(record.value()), record.value() + " is in no transaction");
            } else {
                assertEquals(TransactionAbortedException.class, error.getClass());
                assertEquals(null, written.get(record.value()), record.value() + " failed, and was written");
            }
        }
        written.keySet().forEach(value -> assertTrue(value.startsWith("own") || known.contains(value), value));
        System.out.println(acknowledged + " of " + sent.size() + " records acknowledged in " + brokers.ended.size()
                + " transactions");
        assertTrue(acknowledged > TRANSACTIONS, "too few records to say anything");
    }
}
