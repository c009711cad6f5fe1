package dev.millrace.internal.producer.send;

import dev.millrace.internal.producer.send.EngineHarness.Sent;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.protocol.Errors;

/**
 * One partition as its leader keeps it: a log, and of each producer the epoch, the last sequence and the last five batches,
 * by which it tells duplicates, gaps and old epochs as Kafka's brokers do (KIP-98, KIP-360).
 *
 * <p>Offsets below {@link #committed} survive a change of the leader; of those above it any number may be lost.
 */
final class PartitionModel {

    /** Batches of a producer that are known for duplicates. */
    private static final int REMEMBERED = 5;

    /** A batch in the log. */
    record Batch(long producerId, short epoch, int first, int last, long offset, List<String> values) {
    }

    /** What an append came to; a duplicate is told the offset of the first time. */
    record Appended(Errors error, long offset, boolean duplicate) {
    }

    private static final class Producer {
        short epoch;
        int last;
        final ArrayDeque<Batch> batches = new ArrayDeque<>();

        void add(Batch batch) {
            if (batch.epoch() != epoch)
                batches.clear();
            epoch = batch.epoch();
            last = batch.last();
            batches.addLast(batch);
            if (batches.size() > REMEMBERED)
                batches.removeFirst();
        }
    }

    private final boolean refusesUnknown;
    private final List<Batch> log = new ArrayList<>();
    private final Map<Long, Producer> producers = new HashMap<>();
    private long start;
    private long end;
    private long committed;
    private int leader;
    private int leaderEpoch;
    /** As it was when brokers last told of it. */
    private int toldLeader;
    private int toldEpoch;

    /**
     * @param refusesUnknown as brokers before Kafka 2.5 did: a producer they forgot must not begin in the middle; else any
     *         sequence is a first one
     */
    PartitionModel(int leader, boolean refusesUnknown) {
        this.leader = leader;
        this.refusesUnknown = refusesUnknown;
        tell();
    }

    // ---------------------------------------------------------------- the log

    Appended append(Sent sent) {
        int last = sent.sequence() + sent.values().size() - 1 & Integer.MAX_VALUE;
        Batch batch = new Batch(sent.producerId(), sent.epoch(), sent.sequence(), last, end, sent.values());
        if (sent.producerId() >= 0) {
            Appended refused = check(batch);
            if (refused != null)
                return refused;
            producers.computeIfAbsent(sent.producerId(), id -> new Producer()).add(batch);
        }
        log.add(batch);
        end += sent.values().size();
        return new Appended(Errors.NONE, batch.offset(), false);
    }

    private Appended check(Batch batch) {
        Producer producer = producers.get(batch.producerId());
        if (producer == null)
            return refusesUnknown && batch.first() != 0 ? refused(Errors.UNKNOWN_PRODUCER_ID) : null;
        for (Batch known : producer.batches)
            if (known.epoch() == batch.epoch() && known.first() == batch.first() && known.last() == batch.last())
                return new Appended(Errors.NONE, known.offset(), true);
        if (batch.epoch() < producer.epoch)
            return refused(Errors.INVALID_PRODUCER_EPOCH);
        int expected = batch.epoch() > producer.epoch ? 0 : producer.last + 1 & Integer.MAX_VALUE;
        return batch.first() == expected ? null : refused(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
    }

    private static Appended refused(Errors error) {
        return new Appended(error, -1, false);
    }

    /** All that is there now survives. */
    void commit() {
        committed = end;
    }

    /** The producers are forgotten with the log's head, all of it. */
    void forget() {
        commit();
        log.clear();
        producers.clear();
        start = end;
    }

    List<Batch> log() {
        return log;
    }

    long start() {
        return start;
    }

    // ---------------------------------------------------------------- leaders

    /** Another leader, who may have less of what was not committed. */
    void moveTo(int node, int lostBatches) {
        leader = node;
        leaderEpoch++;
        for (int lost = 0; lost < lostBatches && end > committed; lost++)
            end = log.remove(log.size() - 1).offset();
        producers.clear();
        for (Batch batch : log)
            if (batch.producerId() >= 0)
                producers.computeIfAbsent(batch.producerId(), id -> new Producer()).add(batch);
    }

    int leader() {
        return leader;
    }

    int leaderEpoch() {
        return leaderEpoch;
    }

    /** From now on brokers tell of the leader of now. */
    void tell() {
        toldLeader = leader;
        toldEpoch = leaderEpoch;
    }

    int toldLeader() {
        return toldLeader;
    }

    int toldEpoch() {
        return toldEpoch;
    }
}
