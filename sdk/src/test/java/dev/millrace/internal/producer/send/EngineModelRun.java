package dev.millrace.internal.producer.send;

import dev.millrace.internal.producer.batch.ProducerBatch;
import dev.millrace.internal.producer.send.EngineHarness.Options;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.apache.kafka.clients.ClientRequest;
import org.apache.kafka.common.TopicPartition;
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

    private final Setup setup;
    private final List<Event> events;
    private final ClusterModel cluster;
    private final EngineHarness engine;
    private final List<List<ProducerBatch>> flushes = new ArrayList<>();
    private final ModelStory story;
    private final ModelRecords records;
    private final ModelWire wire;

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

    EngineModelRun(Setup setup, List<Event> events, boolean tracing) {
        this.setup = setup;
        this.events = events;
        this.cluster = new ClusterModel(setup.manners, setup.options.brokers, setup.options.partitions);
        setup.options.cluster = cluster::metadata;
        this.engine = new EngineHarness(setup.options);
        this.story = new ModelStory(engine.time, tracing, this::stop);
        this.records = new ModelRecords(engine, cluster, setup, story);
        this.wire = new ModelWire(engine, setup.options, story);
        clockTargetMs = engine.time.milliseconds();
        engine.client.setWakeupHook(() -> woken = true);
        engine.client.sleep(this::sleep, setup.options.maxInFlight);
    }

    String trace() {
        return story.trace();
    }

    /** Null when all went as it must; else what did not. */
    String run() {
        try {
            while (!story.hasFailed() && nextEvent < events.size()) {
                engine.step();
                for (; awakeEvents > 0 && nextEvent < events.size(); awakeEvents--)
                    apply(events.get(nextEvent++));
            }
            if (!story.hasFailed())
                end();
        } catch (Stop e) {
            // The failure says it.
        } catch (Exception | Error e) {
            story.fail("The engine threw " + e + " at "
                    + List.of(e.getStackTrace()).subList(0, Math.min(8, e.getStackTrace().length)));
        } finally {
            engine.close();
        }
        return story.failure();
    }

    /** Leaves the sender's loop after a failure. */
    private static final class Stop extends RuntimeException {
        private static final long serialVersionUID = 1;

        Stop() {
            super(null, null, false, false);
        }
    }

    /** After a failure. */
    private void stop() {
        if (drainSinceMs >= 0)
            // Its own loop bears all exceptions.
            engine.sender.forceClose();
    }

    // ---------------------------------------------------------------- the sender's sleep

    private void sleep(long timeoutMs) {
        check();
        if (story.hasFailed())
            throw new Stop();
        long nowMs = engine.time.milliseconds();
        long untilMs = timeoutMs > Long.MAX_VALUE - nowMs ? Long.MAX_VALUE : nowMs + timeoutMs;
        // So does a real network client: metadata that are wanted are fetched when their own backoff is over.
        if (engine.metadata.updateRequested())
            untilMs = Math.min(untilMs, nowMs + Math.max(1, engine.metadata.timeToNextUpdate(nowMs)));
        noteIdle(nowMs, timeoutMs);
        while (!woken && engine.time.milliseconds() < untilMs && !story.hasFailed()) {
            if (clockTargetMs > engine.time.milliseconds())
                advance(untilMs);
            else if (nextEvent < events.size())
                apply(events.get(nextEvent++));
            else if (drainSinceMs >= 0)
                drain(untilMs);
            else
                return;
        }
        if (story.hasFailed())
            throw new Stop();
        woken = false;
    }

    private void noteIdle(long nowMs, long timeoutMs) {
        if (woken || timeoutMs > 0 || nowMs != idleSinceMs)
            idleRounds = 0;
        else if (++idleRounds > SPIN)
            story.fail("The sender spins: " + idleRounds + " rounds without sleep");
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
            case SEND -> records.send(partition, size(event.b()));
            case SERVE -> serve(node, random, true);
            case CARRY_OUT -> serve(node, random, false);
            case CUT -> cut(node, event.b());
            case LEFT_OVER -> {
                story.note("left over request is carried out");
                cluster.carryOutLeftOver(random);
            }
            case MOVE -> move(partition, random);
            case TELL -> {
                cluster.partitions().forEach(PartitionModel::tell);
                story.note("leaders are told");
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
                story.note("node %d throttles for %d ms", node, forMs);
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
        wire.checkUntouched(request);
        cluster.carryOut(request, random);
        if (answer) {
            AbstractResponse response = cluster.takeAnswer(request);
            story.note("node %d answers %d: %s", node, request.correlationId(), response);
            if (response instanceof ProduceResponse produced)
                wire.acknowledged(request, produced).forEach(records::acknowledged);
            engine.client.respondToRequest(request, response);
            woken = true;
        } else {
            story.note("node %d carries out %d", node, request.correlationId());
        }
        return true;
    }

    private void cut(int node, int how) {
        ClientRequest request = oldest(node);
        if (request != null && how % 3 == 1)
            cluster.carryOut(request, new SplittableRandom(how));
        else if (request != null && how % 3 == 2)
            cluster.leaveOver(request);
        story.note("connection to %d is cut%s", node, request == null ? "" : ", request " + request.correlationId()
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
        story.note("partition %d is led by %d, epoch %d; log %s", p, to, partition.leaderEpoch(), partition.log());
    }

    /** Not while the log has what was not acknowledged: once deleted, nobody could tell that it must not be sent again. */
    private void forget(int p) {
        PartitionModel partition = cluster.partitions().get(p);
        if (partition.log().stream().flatMap(batch -> batch.values().stream()).anyMatch(records::hasUnended))
            return;
        story.note("partition %d forgets its producers", p);
        cluster.forget(p);
    }

    private void flush() {
        story.note("flush");
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
            story.fail(cluster.fault());
        long available = engine.pool.availableMemory();
        if (available < 0 || available > engine.pool.totalMemory())
            story.fail("The pool has " + available + " of " + engine.pool.totalMemory() + " bytes");
        checkPlaces();
        wire.check();
        records.checkInTime();
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
                story.fail("Partition " + p + " queues " + queued + " batches; " + counts[0]
                        + " have not ended and are not on the wire");
        }
    }

    // ---------------------------------------------------------------- the end

    private void end() {
        clockTargetMs = engine.time.milliseconds();
        drainSinceMs = engine.time.milliseconds();
        story.note("end: %s", setup.end);
        records.noteHopeful(drainSinceMs);
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
        if (!story.hasFailed())
            checkEnd();
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
            story.fail("Stuck with " + engine.accumulator.incomplete() + ", " + (nowMs - drainSinceMs) + " ms after the last fault");
            return;
        }
        clockTargetMs = untilMs;
    }

    /** A few batches for each partition, sent while the sender sleeps. The first round may meet a throttled node, the next not. */
    private void probe() {
        probeRounds++;
        story.note("probes");
        drainSinceMs = engine.time.milliseconds();
        firstProbe = records.count();
        for (int i = 0; i < PROBES; i++)
            for (int p = 0; p < cluster.partitions().size(); p++)
                records.send(p, PROBE_BYTES);
    }

    private void checkEnd() {
        check();
        if (engine.pool.availableMemory() != engine.pool.totalMemory())
            story.fail("The pool has " + engine.pool.availableMemory() + " of " + engine.pool.totalMemory() + " bytes at the end");
        records.checkEnds();
        if (!flushes.isEmpty())
            story.fail("A flush did not end");
        if (probeRounds > 0)
            records.checkProbes(firstProbe);
        records.checkLogs();
    }
}
