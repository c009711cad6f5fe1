package dev.millrace.internal.producer.send;

import dev.millrace.internal.producer.batch.SendResult;
import dev.millrace.internal.producer.send.EngineModelRun.End;
import dev.millrace.internal.producer.send.EngineModelRun.Setup;
import dev.millrace.internal.producer.send.PartitionModel.Batch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.BufferExhaustedException;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.TimeoutException;

/** The records of a run against a model of brokers: how each ended, and whether callback, future and log agree on that. One thread. */
final class ModelRecords {

    /** For throttling, backoffs, a new producer id and a new epoch to pass. */
    private static final int ENOUGH_MS = 2500;

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

    private final EngineHarness engine;
    private final ClusterModel cluster;
    private final Setup setup;
    /** As the brokers were before they were told to behave. */
    private final boolean honest;
    private final ModelStory story;
    private final List<SentRecord> all = new ArrayList<>();
    private final Map<String, SentRecord> unended = new HashMap<>();

    ModelRecords(EngineHarness engine, ClusterModel cluster, Setup setup, ModelStory story) {
        this.engine = engine;
        this.cluster = cluster;
        this.setup = setup;
        this.honest = setup.honest();
        this.story = story;
    }

    int count() {
        return all.size();
    }

    boolean hasUnended(String value) {
        return unended.containsKey(value);
    }

    void send(int partition, int size) {
        if (engine.sequences.fatalError() != null)
            return;
        int id = all.size();
        String value = id + ":" + (char) ('a' + id % 26) + "x".repeat(size);
        SentRecord sent = new SentRecord(id, partition, engine.time.milliseconds());
        all.add(sent);
        unended.put(value, sent);
        story.note("send %d to %d, %d bytes", id, partition, size);
        try {
            sent.result = engine.append(partition, value, (metadata, e) -> ended(sent, value, metadata, e), 0);
        } catch (BufferExhaustedException e) {
            sent.calls++;
            sent.error = e;
            unended.remove(value);
            story.note("no memory for %d", id);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void ended(SentRecord sent, String value, RecordMetadata metadata, Exception e) {
        story.note("record %d ends: %s", sent.id, e == null ? "offset " + metadata.offset() : e.getClass().getSimpleName());
        if (++sent.calls > 1)
            story.fail(sent + " ended " + sent.calls + " times, now with " + (e == null ? metadata : e) + ", before with "
                    + (sent.error == null ? sent.metadata : sent.error));
        sent.metadata = metadata;
        sent.error = e;
        sent.endedMs = engine.time.milliseconds();
        unended.remove(value);
    }

    /** What a broker acknowledged must not fail, unless it has by now. */
    void acknowledged(String value) {
        SentRecord record = unended.get(value);
        if (record != null)
            record.acknowledged = true;
    }

    /** What has time enough left, with all that was sent before it to its partition, must not fail any more. */
    void noteHopeful(long drainSinceMs) {
        if (setup.end == End.FORCE_CLOSE || !honest || setup.options.retries < Integer.MAX_VALUE)
            return;
        long sinceMs = drainSinceMs + ENOUGH_MS - setup.options.deliveryTimeoutMs;
        Set<Integer> late = new HashSet<>();
        unended.values().stream().filter(record -> record.sentMs < sinceMs).forEach(record -> late.add(record.partition));
        unended.values().stream().filter(record -> !late.contains(record.partition) && !cluster.isForgetful(record.partition))
                .forEach(record -> record.hopeful = true);
    }

    // ---------------------------------------------------------------- what must hold

    void checkInTime() {
        long nowMs = engine.time.milliseconds();
        for (SentRecord record : unended.values())
            if (nowMs > record.sentMs + setup.options.deliveryTimeoutMs)
                story.fail(record + " has not ended " + (nowMs - record.sentMs) + " ms after it was sent");
    }

    void checkEnds() {
        if (!unended.isEmpty())
            story.fail("Never ended: " + unended.values());
        for (SentRecord record : all)
            checkFuture(record);
    }

    private void checkFuture(SentRecord record) {
        if (record.result == null)
            return;
        if (record.acknowledged && record.error != null && setup.end != End.FORCE_CLOSE)
            story.fail(record + " was acknowledged by a broker and failed with " + record.error);
        if (!record.result.isDone() || record.calls != 1) {
            story.fail(record + " was called back " + record.calls + " times; its future is done: " + record.result.isDone());
            return;
        }
        if (record.hopeful && record.error instanceof TimeoutException)
            story.fail(record + " failed although there was no fault in its last " + ENOUGH_MS + " ms: " + record.error);
        try {
            long offset = record.result.get().offset();
            if (record.error != null || offset != record.metadata.offset())
                story.fail(record + ": the future says " + offset + ", the callback said " + record.metadata + " " + record.error);
        } catch (ExecutionException e) {
            if (e.getCause() != record.error && !e.getCause().getClass().equals(record.error.getClass()))
                story.fail(record + ": the future says " + e.getCause() + ", the callback said " + record.error);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Records from a number on were sent after the last fault. */
    void checkProbes(int first) {
        // The first retry may be what tells of a new leader.
        boolean sure = engine.sequences.fatalError() == null && setup.options.retries == Integer.MAX_VALUE;
        for (SentRecord probe : sure ? all.subList(first, all.size()) : List.<SentRecord>of())
            if (probe.error != null)
                story.fail("A record sent after the last fault failed: " + probe + " " + probe.error);
            else if (probe.endedMs - probe.sentMs > setup.options.lingerMs + 1)
                story.fail("A record sent after the last fault was late by " + (probe.endedMs - probe.sentMs) + " ms: " + probe);
    }

    void checkLogs() {
        if (!honest)
            return;
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
        for (SentRecord record : all) {
            if (record.partition != p)
                continue;
            List<Long> at = offsets.getOrDefault(record.id, List.of());
            if (setup.options.idempotent && !cluster.isForgetful(p) && at.size() > 1)
                story.fail(record + " is in the log more than once, at " + at + (record.error == null ? "; it was acknowledged"
                        : "; it failed with " + record.error));
            if (record.error != null)
                continue;
            long told = record.metadata.offset();
            if (told >= 0 ? told >= partition.start() && !at.contains(told) : at.isEmpty() && partition.start() == 0)
                story.fail(record + " was acknowledged with offset " + told + "; it is at " + at);
            long offset = told >= 0 ? told : at.isEmpty() ? lastOffset : at.get(0);
            if (ordered && offset < lastOffset)
                story.fail(record + " is at " + offset + ", before " + lastRecord
                        + ", which was sent earlier and is at " + lastOffset);
            lastOffset = offset;
            lastRecord = record;
        }
    }
}
