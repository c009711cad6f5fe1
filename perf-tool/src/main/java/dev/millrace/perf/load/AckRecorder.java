package dev.millrace.perf.load;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToLongFunction;
import org.HdrHistogram.Histogram;

/** Collects the acknowledgements of one phase from whatever threads they come on. */
final class AckRecorder {
    private final Clock clock;
    private final boolean paced;
    private final Map<Thread, AckLane> lanes = new ConcurrentHashMap<>();
    private final ErrorTally errors = new ErrorTally();
    /** The lane of the thread that came last: nearly always the right one. Any thread; all the lane's identity is final. */
    private AckLane lastLane;

    AckRecorder(Clock clock, boolean paced) {
        this.clock = clock;
        this.paced = paced;
        this.lastLane = new AckLane(null, paced);
    }

    /** Any thread; does not block. */
    void completed(long dueNs, long sentNs, Exception error) {
        Thread thread = Thread.currentThread();
        AckLane lane = lastLane;
        if (lane.owner != thread) {
            lane = laneSlowPath(thread);
        }
        if (error == null) {
            lane.acknowledged(clock.nanoTime(), dueNs, sentNs);
        } else {
            failedSlowPath(lane, error);
        }
    }

    private AckLane laneSlowPath(Thread thread) {
        AckLane lane = lanes.computeIfAbsent(thread, owner -> new AckLane(owner, paced));
        lastLane = lane;
        return lane;
    }

    private void failedSlowPath(AckLane lane, Exception error) {
        lane.failed();
        errors.add(error);
    }

    long acked() {
        return sum(AckLane::ackedCount);
    }

    long failed() {
        return sum(AckLane::failedCount);
    }

    private long sum(ToLongFunction<AckLane> count) {
        return lanes.values().stream().mapToLong(count).sum();
    }

    /** Measuring thread only: adds what came in since the last call. */
    void takeInterval(Histogram response, Histogram service) {
        for (AckLane lane : lanes.values()) {
            lane.response.takeInterval(response);
            if (paced) {
                lane.service.takeInterval(service);
            }
        }
    }

    /** Each kind of error with its count and its first message. */
    Map<String, String> describeErrors() {
        return errors.describe();
    }
}
