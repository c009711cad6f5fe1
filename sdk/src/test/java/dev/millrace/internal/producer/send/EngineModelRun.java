package dev.millrace.internal.producer.send;

import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.internal.producer.batch.SendResult;
import dev.millrace.internal.producer.send.EngineHarness.Options;
import dev.millrace.internal.producer.send.EngineHarness.Sent;
import dev.millrace.internal.producer.send.PartitionModel.Batch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.ClientRequest;
import org.apache.kafka.clients.producer.BufferExhaustedException;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.ProduceResponse;

/**
 * One sequence of events that happen to an engine, on one thread: some while the sender sleeps in the network client, as long
 * as nothing wakes it, some while it is awake. What must hold is looked at whenever it goes to sleep, and at the end.
 */
final class EngineModelRun {

    /** Rounds without time passing, or anything heard, at which a sender is taken to spin. */
    private static final int SPIN = 20;
    private static final int MAX_CLOCK_STEP_MS = 3000;
    /** For throttling, backoffs, a new producer id and a new epoch to pass. */
    private static final int ENOUGH_MS = 2500;
    private static final int PROBE_ROUNDS = 2;
    private static final int PROBES = 3;
    private static final int PROBE_BYTES = 250;

    enum Kind {
        SEND, SERVE, CARRY_OUT, CUT, LEFT_OVER, MOVE, TELL, FORGET, CLOCK, FLUSH, BACKOFF, THROTTLE, WAKE
    }

    /** One event; what {@code a} and {@code b} mean is the kind's, and anything will do, so that others may be left out. */
    record Event(Kind kind, int a, int b) {
    }

    /** How a run ends. */
    enum End { DRAIN, CLOSE, FORCE_CLOSE }

    /** What a seed decides on before the events. */
    static final class Setup {
        final Options options = new Options();
        final ClusterModel.Manners manners = new ClusterModel.Manners();
        End end;
        /** Neither brokers that lie, nor those that write and deny it for good. */
        boolean honest() {
            return manners.lyingPercent == 0;
        }
    }

    private static final class SentRecord {
        final int id;
        final int partition;
        final long sentMs;
        SendResult result;
        int calls;
        long endedMs;
        RecordMetadata metadata;
        Exception error;
        /** Nothing but the engine can make it fail. */
        boolean hopeful;
        /** By a broker, before it had ended. */
        boolean acknowledged;

        SentRecord(int id, int partition, long sentMs) {
            this.id = id;
            this.partition = partition;
            this.sentMs = sentMs;
        }

        @Override
        public String toString() {
            return "record " + id + " of partition " + partition;
        }
    }

    private final Setup setup;
    private final List<Event> events;
    private final ClusterModel cluster;
    private final EngineHarness engine;
    private final boolean honest;
    private final List<SentRecord> records = new ArrayList<>();
    private final Map<String, SentRecord> unended = new HashMap<>();
    /** Requests as they were when they were sent. */
    private final Map<ClientRequest, List<Sent>> seen = new IdentityHashMap<>();
    /** What was first sent under a sequence: no other may ever be. */
    private final Map<List<Object>, List<String>> bySequence = new HashMap<>();
    private final List<List<ProducerBatch>> flushes = new ArrayList<>();
    private final StringBuilder trace;

    private int nextEvent;
    private long clockTargetMs;
    private int awakeEvents;
    private boolean woken;
    private int idleRounds;
    private long idleSinceMs;
    private long drainSinceMs = -1;
    private int probeRounds;
    private int firstProbe;
    private boolean over;
    private String failure;

    EngineModelRun(Setup setup, List<Event> events, boolean tracing) {
        this.setup = setup;
        this.events = events;
        this.honest = setup.honest();
        this.trace = tracing ? new StringBuilder() : null;
        this.cluster = new ClusterModel(setup.manners, setup.options.brokers, setup.options.partitions);
        setup.options.cluster = cluster::metadata;
        this.engine = new EngineHarness(setup.options);
        clockTargetMs = engine.time.milliseconds();
        engine.client.setWakeupHook(() -> woken = true);
        engine.client.sleep(this::sleep, setup.options.maxInFlight);
    }

    String trace() {
        return trace.toString();
    }

    private void note(String what, Object... args) {
        if (trace != null)
            trace.append(engine.time.milliseconds() % 10_000_000).append(' ').append(String.format(what, args)).append('\n');
    }

    /** Null when all went as it must; else what did not. */
    String run() {
        try {
            while (failure == null && nextEvent < events.size()) {
                engine.step();
                for (; awakeEvents > 0 && nextEvent < events.size(); awakeEvents--)
                    apply(events.get(nextEvent++));
            }
            if (failure == null)
                end();
        } catch (Stop e) {
            // The failure says it.
        } catch (Exception | Error e) {
            fail("The engine threw " + e + " at " + List.of(e.getStackTrace()).subList(0, Math.min(8, e.getStackTrace().length)));
        } finally {
            engine.close();
        }
        return failure;
    }

    /** Leaves the sender's loop after a failure. */
    private static final class Stop extends RuntimeException {
        private static final long serialVersionUID = 1;

        Stop() {
            super(null, null, false, false);
        }
    }

    private void fail(String what) {
        if (failure == null) {
            failure = what;
            note("FAILED: %s", what);
            if (drainSinceMs >= 0)
                // Its own loop bears all exceptions.
                engine.sender.forceClose();
        }
    }

    // ---------------------------------------------------------------- the sender's sleep

    private void sleep(long timeoutMs) {
        check();
        if (failure != null)
            throw new Stop();
        long nowMs = engine.time.milliseconds();
        long untilMs = timeoutMs > Long.MAX_VALUE - nowMs ? Long.MAX_VALUE : nowMs + timeoutMs;
        // So does a real network client: metadata that are wanted are fetched when their own backoff is over.
        if (engine.metadata.updateRequested())
            untilMs = Math.min(untilMs, nowMs + Math.max(1, engine.metadata.timeToNextUpdate(nowMs)));
        noteIdle(nowMs, timeoutMs);
        while (!woken && engine.time.milliseconds() < untilMs && failure == null) {
            if (clockTargetMs > engine.time.milliseconds())
                advance(untilMs);
            else if (nextEvent < events.size())
                apply(events.get(nextEvent++));
            else if (drainSinceMs >= 0)
                drain(untilMs);
            else
                return;
        }
        if (failure != null)
            throw new Stop();
        woken = false;
    }

    private void noteIdle(long nowMs, long timeoutMs) {
        if (woken || timeoutMs > 0 || nowMs != idleSinceMs)
            idleRounds = 0;
        else if (++idleRounds > SPIN)
            fail("The sender spins: " + idleRounds + " rounds without sleep");
        idleSinceMs = nowMs;
    }

    private void advance(long untilMs) {
        long nowMs = engine.time.milliseconds();
        long toMs = Math.min(clockTargetMs, untilMs);
        for (ClientRequest request : engine.client.requests())
            toMs = Math.min(toMs, request.createdTimeMs() + request.requestTimeoutMs());
        if (toMs > nowMs)
            engine.time.sleep(toMs - nowMs);
        for (ClientRequest request : engine.requests())
            if (request.createdTimeMs() + request.requestTimeoutMs() <= engine.time.milliseconds())
                cut(Integer.parseInt(request.destination()), request.correlationId());
    }

    // ---------------------------------------------------------------- events

    private void apply(Event event) {
        int node = Math.floorMod(event.a(), cluster.nodes().size());
        int partition = Math.floorMod(event.a(), cluster.partitions().size());
        SplittableRandom random = new SplittableRandom(event.b());
        switch (event.kind()) {
            case SEND -> send(partition, size(event.b()));
            case SERVE -> serve(node, random, true);
            case CARRY_OUT -> serve(node, random, false);
            case CUT -> cut(node, event.b());
            case LEFT_OVER -> {
                note("left over request is carried out");
                cluster.carryOutLeftOver(random);
            }
            case MOVE -> move(partition, random);
            case TELL -> {
                cluster.partitions().forEach(PartitionModel::tell);
                note("leaders are told");
            }
            case FORGET -> forget(partition);
            case CLOCK -> clockTargetMs = engine.time.milliseconds()
                    + (event.a() % 3 == 0 ? random.nextInt(MAX_CLOCK_STEP_MS) : random.nextInt(100));
            case FLUSH -> flush();
            case BACKOFF -> {
                cut(node, event.b());
                engine.client.backoff(cluster.nodes().get(node), random.nextInt(1000));
            }
            case THROTTLE -> {
                int forMs = random.nextInt(500);
                note("node %d throttles for %d ms", node, forMs);
                engine.client.throttle(cluster.nodes().get(node), forMs);
            }
            case WAKE -> {
                woken = true;
                awakeEvents = 1 + Math.floorMod(event.a(), 4);
            }
        }
    }

    private static int size(int choice) {
        return switch (Math.floorMod(choice, 16)) {
            case 0 -> 1200;
            case 1, 2 -> 400;
            case 3, 4, 5 -> 120;
            default -> 10;
        };
    }

    private void send(int partition, int size) {
        if (engine.sequences.fatalError() != null)
            return;
        int id = records.size();
        String value = id + ":" + (char) ('a' + id % 26) + "x".repeat(size);
        SentRecord sent = new SentRecord(id, partition, engine.time.milliseconds());
        records.add(sent);
        unended.put(value, sent);
        note("send %d to %d, %d bytes", id, partition, size);
        try {
            sent.result = engine.append(partition, value, (metadata, e) -> ended(sent, value, metadata, e), 0);
        } catch (BufferExhaustedException e) {
            sent.calls++;
            sent.error = e;
            unended.remove(value);
            note("no memory for %d", id);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void ended(SentRecord sent, String value, RecordMetadata metadata, Exception e) {
        note("record %d ends: %s", sent.id, e == null ? "offset " + metadata.offset() : e.getClass().getSimpleName());
        if (++sent.calls > 1)
            fail(sent + " ended " + sent.calls + " times, now with " + (e == null ? metadata : e) + ", before with "
                    + (sent.error == null ? sent.metadata : sent.error));
        sent.metadata = metadata;
        sent.error = e;
        sent.endedMs = engine.time.milliseconds();
        unended.remove(value);
    }

    private ClientRequest oldest(int node) {
        String destination = Integer.toString(node);
        for (ClientRequest request : engine.client.requests())
            if (request.destination().equals(destination))
                return request;
        return null;
    }

    private boolean serve(int node, SplittableRandom random, boolean answer) {
        ClientRequest request = oldest(node);
        if (request == null)
            return false;
        checkUntouched(request);
        cluster.carryOut(request, random);
        if (answer) {
            AbstractResponse response = cluster.takeAnswer(request);
            note("node %d answers %d: %s", node, request.correlationId(), response);
            if (response instanceof ProduceResponse produced)
                noteAcknowledged(request, produced);
            engine.client.respondToRequest(request, response);
            woken = true;
        } else {
            note("node %d carries out %d", node, request.correlationId());
        }
        return true;
    }

    /** What a broker acknowledged must not fail, unless it has by now. */
    private void noteAcknowledged(ClientRequest request, ProduceResponse response) {
        Set<Integer> partitions = new HashSet<>();
        response.data().responses().forEach(topic -> topic.partitionResponses().forEach(partition -> {
            if (partition.errorCode() == Errors.NONE.code() || partition.errorCode() == Errors.DUPLICATE_SEQUENCE_NUMBER.code())
                partitions.add(partition.index());
        }));
        for (Sent sent : seen.get(request))
            if (partitions.contains(sent.partition()))
                sent.values().forEach(value -> {
                    if (unended.containsKey(value))
                        unended.get(value).acknowledged = true;
                });
    }

    private void cut(int node, int how) {
        ClientRequest request = oldest(node);
        if (request != null && how % 3 == 1)
            cluster.carryOut(request, new SplittableRandom(how));
        else if (request != null && how % 3 == 2)
            cluster.leaveOver(request);
        note("connection to %d is cut%s", node, request == null ? "" : ", request " + request.correlationId()
                + List.of(" not read", " carried out", " left over").get(Math.floorMod(how, 3)));
        for (ClientRequest other : engine.requests())
            if (other.destination().equals(Integer.toString(node)))
                cluster.forgetRequest(other);
        engine.client.disconnect(Integer.toString(node));
        woken = true;
    }

    private void move(int p, SplittableRandom random) {
        PartitionModel partition = cluster.partitions().get(p);
        int to = random.nextInt(10) == 0 ? -1 : random.nextInt(cluster.nodes().size());
        partition.moveTo(to, random.nextInt(3));
        if (random.nextInt(3) > 0)
            partition.tell();
        note("partition %d is led by %d, epoch %d; log %s", p, to, partition.leaderEpoch(), partition.log());
    }

    /** Not while the log has what was not acknowledged: once deleted, nobody could tell that it must not be sent again. */
    private void forget(int p) {
        PartitionModel partition = cluster.partitions().get(p);
        if (partition.log().stream().flatMap(batch -> batch.values().stream()).anyMatch(unended::containsKey))
            return;
        note("partition %d forgets its producers", p);
        cluster.forget(p);
    }

    private void flush() {
        note("flush");
        List<ProducerBatch> batches = engine.accumulator.beginFlush();
        flushes.add(batches);
        endFlushes();
    }

    private void endFlushes() {
        flushes.removeIf(batches -> {
            boolean over = batches.stream().allMatch(ProducerBatch::isDone);
            if (over)
                engine.accumulator.endFlush();
            return over;
        });
    }

    // ---------------------------------------------------------------- what must hold

    private void check() {
        endFlushes();
        if (cluster.fault() != null)
            fail(cluster.fault());
        long available = engine.pool.availableMemory();
        if (available < 0 || available > engine.pool.totalMemory())
            fail("The pool has " + available + " of " + engine.pool.totalMemory() + " bytes");
        checkPlaces();
        checkWire();
        long nowMs = engine.time.milliseconds();
        for (SentRecord record : unended.values())
            if (nowMs > record.sentMs + setup.options.deliveryTimeoutMs)
                fail(record + " has not ended " + (nowMs - record.sentMs) + " ms after it was sent");
    }

    /** Each batch that has not ended is in its queue or on the wire, and not in both. */
    private void checkPlaces() {
        Map<TopicPartition, int[]> places = new HashMap<>();
        for (ProducerBatch batch : engine.accumulator.incomplete())
            places.computeIfAbsent(batch.topicPartition(), p -> new int[2])[batch.isInFlight() ? 1 : 0]++;
        for (int p = 0; p < cluster.partitions().size(); p++) {
            int[] counts = places.getOrDefault(new TopicPartition(EngineHarness.TOPIC, p), new int[2]);
            int queued = engine.sender.load().queuedBatches(EngineHarness.TOPIC, p);
            if (queued != counts[0])
                fail("Partition " + p + " queues " + queued + " batches; " + counts[0] + " have not ended and are not on the wire");
        }
    }

    private void checkWire() {
        boolean news = false;
        for (ClientRequest request : engine.client.requests())
            if (!seen.containsKey(request)) {
                news = true;
                if (ClusterModel.isInit(request)) {
                    note("node %s is asked for a producer id, request %d", request.destination(), request.correlationId());
                    seen.put(request, List.of());
                } else {
                    seen.put(request, EngineHarness.batches(request));
                    seen.get(request).forEach(sent -> checkNew(request, sent));
                }
            }
        if (!news)
            return;
        Set<String> onWire = new HashSet<>();
        Map<Integer, Integer> inFlight = new HashMap<>();
        for (ClientRequest request : engine.client.requests())
            for (Sent sent : seen.get(request)) {
                for (String value : sent.values())
                    if (!onWire.add(value))
                        fail("On the wire twice: " + value);
                if (inFlight.merge(sent.partition(), 1, Integer::sum) > setup.options.maxInFlight)
                    fail("More than " + setup.options.maxInFlight + " batches on the wire to partition " + sent.partition());
            }
    }

    /** Its bytes are read again: nothing may have touched them since. */
    private void checkUntouched(ClientRequest request) {
        if (!ClusterModel.isInit(request) && seen.containsKey(request)
                && !EngineHarness.batches(request).equals(seen.get(request)))
            fail("Changed while it was on the wire: " + seen.get(request) + " became " + EngineHarness.batches(request));
    }

    private void checkNew(ClientRequest request, Sent sent) {
        if (trace != null)
            note("request %d to %s: partition %d, id %d, epoch %d, sequence %d, %d records from %s", request.correlationId(),
                    request.destination(), sent.partition(), sent.producerId(), sent.epoch(), sent.sequence(),
                    sent.values().size(), sent.values().get(0).split("x")[0]);
        if (setup.options.idempotent != sent.producerId() >= 0)
            fail("Sent with producer id " + sent.producerId() + ": " + sent);
        if (!setup.options.idempotent)
            return;
        List<Object> key = List.of(sent.partition(), sent.producerId(), sent.epoch(), sent.sequence(), sent.values().size());
        List<String> before = bySequence.putIfAbsent(key, sent.values());
        if (before != null && !before.equals(sent.values()))
            fail("One sequence for different records: before " + before + ", now " + sent);
    }

    // ---------------------------------------------------------------- the end

    private void end() {
        clockTargetMs = engine.time.milliseconds();
        drainSinceMs = engine.time.milliseconds();
        note("end: %s", setup.end);
        noteHopeful();
        if (setup.end == End.FORCE_CLOSE) {
            engine.sender.forceClose();
            engine.sender.run();
        } else if (setup.end == End.CLOSE) {
            cluster.behave();
            engine.sender.initiateClose();
            engine.sender.run();
        } else {
            cluster.behave();
            while (!over)
                engine.step();
        }
        if (failure == null)
            checkEnd();
    }

    /** What has time enough left, with all that was sent before it to its partition, must not fail any more. */
    private void noteHopeful() {
        if (setup.end == End.FORCE_CLOSE || !honest || setup.options.retries < Integer.MAX_VALUE)
            return;
        long sinceMs = drainSinceMs + ENOUGH_MS - setup.options.deliveryTimeoutMs;
        Set<Integer> late = new HashSet<>();
        unended.values().stream().filter(record -> record.sentMs < sinceMs).forEach(record -> late.add(record.partition));
        unended.values().stream().filter(record -> !late.contains(record.partition) && !cluster.isForgetful(record.partition))
                .forEach(record -> record.hopeful = true);
    }

    private void drain(long untilMs) {
        long nowMs = engine.time.milliseconds();
        for (int node = 0; node < cluster.nodes().size(); node++)
            while (serve(node, new SplittableRandom(0), true))
                continue;
        if (woken)
            return;
        if (!engine.accumulator.hasIncomplete() && !engine.client.hasInFlightRequests()) {
            if (setup.end == End.DRAIN && probeRounds < PROBE_ROUNDS) {
                probe();
            } else {
                over = true;
                woken = true;
            }
            return;
        }
        if (untilMs == Long.MAX_VALUE || nowMs > drainSinceMs + 2 * setup.options.deliveryTimeoutMs) {
            fail("Stuck with " + engine.accumulator.incomplete() + ", " + (nowMs - drainSinceMs) + " ms after the last fault");
            return;
        }
        clockTargetMs = untilMs;
    }

    /** A few batches for each partition, sent while the sender sleeps. The first round may meet a throttled node, the next not. */
    private void probe() {
        probeRounds++;
        note("probes");
        drainSinceMs = engine.time.milliseconds();
        firstProbe = records.size();
        for (int i = 0; i < PROBES; i++)
            for (int p = 0; p < cluster.partitions().size(); p++)
                send(p, PROBE_BYTES);
    }

    private void checkProbes() {
        // The first retry may be what tells of a new leader.
        boolean sure = engine.sequences.fatalError() == null && setup.options.retries == Integer.MAX_VALUE;
        for (SentRecord probe : sure ? records.subList(firstProbe, records.size()) : List.<SentRecord>of())
            if (probe.error != null)
                fail("A record sent after the last fault failed: " + probe + " " + probe.error);
            else if (probe.endedMs - probe.sentMs > setup.options.lingerMs + 1)
                fail("A record sent after the last fault was late by " + (probe.endedMs - probe.sentMs) + " ms: " + probe);
    }

    private void checkEnd() {
        check();
        if (engine.pool.availableMemory() != engine.pool.totalMemory())
            fail("The pool has " + engine.pool.availableMemory() + " of " + engine.pool.totalMemory() + " bytes at the end");
        if (!unended.isEmpty())
            fail("Never ended: " + unended.values());
        if (!flushes.isEmpty())
            fail("A flush did not end");
        for (SentRecord record : records)
            checkFuture(record);
        if (probeRounds > 0)
            checkProbes();
        if (honest)
            checkLogs();
    }

    private void checkFuture(SentRecord record) {
        if (record.result == null)
            return;
        if (record.acknowledged && record.error != null && setup.end != End.FORCE_CLOSE)
            fail(record + " was acknowledged by a broker and failed with " + record.error);
        if (!record.result.isDone() || record.calls != 1) {
            fail(record + " was called back " + record.calls + " times; its future is done: " + record.result.isDone());
            return;
        }
        if (record.hopeful && record.error instanceof TimeoutException)
            fail(record + " failed although there was no fault in its last " + ENOUGH_MS + " ms: " + record.error);
        try {
            long offset = record.result.get().offset();
            if (record.error != null || offset != record.metadata.offset())
                fail(record + ": the future says " + offset + ", the callback said " + record.metadata + " " + record.error);
        } catch (ExecutionException e) {
            if (e.getCause() != record.error && !e.getCause().getClass().equals(record.error.getClass()))
                fail(record + ": the future says " + e.getCause() + ", the callback said " + record.error);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void checkLogs() {
        for (int p = 0; p < cluster.partitions().size(); p++)
            checkLog(p, cluster.partitions().get(p));
    }

    private void checkLog(int p, PartitionModel partition) {
        Map<Integer, List<Long>> offsets = new HashMap<>();
        for (Batch batch : partition.log()) {
            long offset = batch.offset();
            for (String value : batch.values())
                offsets.computeIfAbsent(Integer.parseInt(value.substring(0, value.indexOf(':'))), id -> new ArrayList<>())
                        .add(offset++);
        }
        boolean ordered = !cluster.isForgetful(p) && (setup.options.idempotent || setup.options.maxInFlight == 1);
        long lastOffset = -1;
        SentRecord lastRecord = null;
        for (SentRecord record : records) {
            if (record.partition != p)
                continue;
            List<Long> at = offsets.getOrDefault(record.id, List.of());
            if (setup.options.idempotent && !cluster.isForgetful(p) && at.size() > 1)
                fail(record + " is in the log more than once, at " + at + (record.error == null ? "; it was acknowledged"
                        : "; it failed with " + record.error));
            if (record.error != null)
                continue;
            long told = record.metadata.offset();
            if (told >= 0 ? told >= partition.start() && !at.contains(told) : at.isEmpty() && partition.start() == 0)
                fail(record + " was acknowledged with offset " + told + "; it is at " + at);
            long offset = told >= 0 ? told : at.isEmpty() ? lastOffset : at.get(0);
            if (ordered && offset < lastOffset)
                fail(record + " is at " + offset + ", before " + lastRecord + ", which was sent earlier and is at " + lastOffset);
            lastOffset = offset;
            lastRecord = record;
        }
    }
}
