package dev.millrace.internal.producer.txn;

import dev.millrace.internal.producer.net.CoordinatorClient;
import dev.millrace.internal.producer.net.CoordinatorType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.apache.kafka.common.utils.Time;
import org.slf4j.Logger;

/**
 * A transactional producer's requests: those that wait, in the order of their priority and then as they came, and the one that is
 * on the wire.
 *
 * <p>Lock: the manager's.
 */
final class CallQueue {

    private final CoordinatorClient coordinators;
    private final long retryBackoffMs;
    private final Time time;
    private final Logger log;

    /** Guarded by the manager's lock, as all here is. */
    private final PriorityQueue<TransactionCall> waiting = new PriorityQueue<>(
            Comparator.<TransactionCall>comparingInt(call -> call.priority.ordinal()).thenComparingLong(call -> call.number));
    /** On the wire, or null. */
    private TransactionCall inFlight;
    private long added;
    private long answers;

    CallQueue(CoordinatorClient coordinators, long retryBackoffMs, Time time, Logger log) {
        this.coordinators = coordinators;
        this.retryBackoffMs = retryBackoffMs;
        this.time = time;
        this.log = log;
    }

    /** Returns the call, whose turn comes. */
    TransactionCall add(TransactionCall call) {
        call.number = added++;
        waiting.add(call);
        log.debug("Enqueuing transactional request {}", call);
        return call;
    }

    /** The call whose turn is next, which stays in the queue; null when none waits. */
    TransactionCall first() {
        return waiting.peek();
    }

    void remove(TransactionCall call) {
        waiting.remove(call);
    }

    void sent(TransactionCall call) {
        waiting.remove(call);
        inFlight = call;
    }

    void landed(TransactionCall call) {
        answers++;
        if (inFlight == call)
            inFlight = null;
    }

    /** How many answers came so far. */
    long answers() {
        return answers;
    }

    boolean isAwaitingAnswer() {
        return inFlight != null;
    }

    /** Nothing waits for an answer, or to be asked. */
    boolean isEmpty() {
        return inFlight == null && waiting.isEmpty();
    }

    /** Asks who the call's coordinator is, before the call is sent. */
    void lookUp(TransactionCall call) {
        CoordinatorType type = call.coordinator();
        if (type == null)
            return;
        String key = call.coordinatorKey();
        if (waiting.stream().noneMatch(other -> other instanceof FindCoordinatorCall find && find.isFor(type, key)))
            add(new FindCoordinatorCall(call.answers, type, key));
        coordinators.forget(type);
    }

    /** Holds a call that waits back for {@code retry.backoff.ms}. */
    void backOff(TransactionCall call) {
        call.backOff(time.milliseconds() + retryBackoffMs);
    }

    /** To be sent once more, after {@code retry.backoff.ms}. */
    void retry(TransactionCall call) {
        retryIn(call, retryBackoffMs);
    }

    void retryIn(TransactionCall call, long backoffMs) {
        call.backOff(time.milliseconds() + backoffMs);
        add(call);
    }

    void failWaiting(RuntimeException error) {
        List<TransactionCall> failing = new ArrayList<>(waiting);
        waiting.clear();
        failing.forEach(call -> call.result.fail(error));
    }

    /** Those that wait, and the one on the wire: its answer may never come, when the producer is closed. */
    void failAll(RuntimeException error) {
        if (inFlight != null)
            inFlight.result.fail(error);
        failWaiting(error);
    }
}
