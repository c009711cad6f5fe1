package dev.millrace.internal.producer.send;

import static org.junit.jupiter.api.Assertions.fail;

import dev.millrace.codec.CodecType;
import dev.millrace.internal.producer.send.EngineModelRun.End;
import dev.millrace.internal.producer.send.EngineModelRun.Event;
import dev.millrace.internal.producer.send.EngineModelRun.Kind;
import dev.millrace.internal.producer.send.EngineModelRun.Setup;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * The engine against a model of brokers: random sequences of sends, answers, refusals, broken connections, moved leaders,
 * expiries, splits, flushes and clock steps, each on one thread and a mock clock. Seeds are fixed; a failure is told with its
 * seed and with the fewest events that lead to one, and what happened then.
 *
 * <p>What must hold: every record ends exactly once, and within {@code delivery.timeout.ms}; what was acknowledged is in the
 * log exactly once, at the offset told, in the order of sending; what a broker acknowledged in time does not fail; no sequence is
 * ever used for other records; bytes on the wire do not change; a batch is on the wire or in its queue, not in both; memory is
 * whole at the end; the sender neither spins nor sleeps when there is something to do; and after the last fault what is
 * left, and what is sent then, goes out at once.
 *
 * <p>Mistakes that were planted in the engine to see this test fail, which it did, mostly with fewer than ten events left of the
 * sequence:
 * <ul>
 * <li>sequences: not rewound for a new epoch; kept by open batches in a new epoch; another one for a retry; another one for a
 *     batch that may be in the log; the old epoch overtaken by the new; a split batch's not taken over by its parts; two batches
 *     on the way to a partition that does not know the producer; no doubt after a batch expired on the wire;</li>
 * <li>batches: completed twice; put back to the queue after they expired on the wire; put behind later ones for a retry; parts
 *     queued in reverse; more in flight than allowed; kept in flight after the answer; failed where a retry may help; a
 *     duplicate taken for a failure; offsets and record indexes wrong by one;</li>
 * <li>memory: a buffer freed when its batch is sent; freed twice; never freed after a split; a wire buffer reused before the
 *     answer;</li>
 * <li>time: a wakeup lost; a backoff without a timer; expiry that looks at queues only, or is not timed; no look at a partition
 *     whose batch came back; a producer id not asked for again; news of a leader not seen; a poll without time-out while a
 *     broker is not ready.</li>
 * </ul>
 * Not noticed, because only time or epochs are wasted: retries that do not wait for each other, and a new epoch after each
 * out-of-order answer.
 */
class EngineModelTest {

    /** Runs one seed only. */
    private static final String SEED_PROPERTY = "millrace.model.seed";
    /** Runs another number of seeds than usual, from 0 on. */
    private static final String SEQUENCES_PROPERTY = "millrace.model.sequences";

    private static final int IDEMPOTENT_SEQUENCES = 10_000;
    private static final int OTHER_SEQUENCES = 3_000;
    private static final int MIN_EVENTS = 50;
    private static final int MAX_EVENTS = 100;

    @Test
    void shouldWriteOnceAndInOrderWhateverHappens() {
        tryAll(true, IDEMPOTENT_SEQUENCES);
    }

    /** Duplicates are allowed here, losses of what was acknowledged are not; nor is disorder with one batch in flight. */
    @Test
    void shouldLoseNothingWithoutIdempotenceWhateverHappens() {
        tryAll(false, OTHER_SEQUENCES);
    }

    private static void tryAll(boolean idempotent, int sequences) {
        long first = Long.getLong(SEED_PROPERTY, 0);
        long end = first + (System.getProperty(SEED_PROPERTY) == null ? Integer.getInteger(SEQUENCES_PROPERTY, sequences) : 1);
        System.out.printf("Engine against a model of brokers, idempotence %b: seeds %d to %d, %d to %d events each%n", idempotent,
                first, end - 1, MIN_EVENTS, MAX_EVENTS);
        // Runs share nothing, so they need not wait for each other.
        LongStream.range(first, end).parallel().filter(seed -> run(idempotent, seed, events(seed)) != null).findFirst()
                .ifPresent(seed -> fail(explain(idempotent, seed, events(seed))));
    }

    private static String run(boolean idempotent, long seed, List<Event> events) {
        return new EngineModelRun(setup(idempotent, seed), events, false).run();
    }

    private static Setup setup(boolean idempotent, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Setup setup = new Setup();
        var options = setup.options;
        options.quiet = true;
        options.idempotent = idempotent;
        options.partitions = 1 + random.nextInt(3);
        options.brokers = 1 + random.nextInt(3);
        options.maxInFlight = 1 + random.nextInt(5);
        options.batchSize = random.nextBoolean() ? 1000 : 300;
        options.lingerMs = random.nextBoolean() ? 0 : 20;
        options.bufferMemory = random.nextInt(4) == 0 ? 4096 : 1 << 20;
        options.codec = random.nextInt(16) == 0 ? CodecType.LZ4 : CodecType.NONE;
        options.retries = random.nextInt(4) == 0 ? random.nextInt(4) : Integer.MAX_VALUE;
        options.deliveryTimeoutMs = random.nextInt(3) == 0 ? 1000 : 5000;
        options.requestTimeoutMs = 500;
        options.retryBackoffMs = 50;
        options.retryBackoffMaxMs = 50;
        options.epoch = switch (random.nextInt(8)) {
            case 0 -> -1;
            case 1 -> Short.MAX_VALUE;
            default -> 0;
        };
        var manners = setup.manners;
        manners.newEpoch = random.nextInt(4) == 0 ? Short.MAX_VALUE : 0;
        boolean faulty = random.nextInt(5) > 0;
        manners.retriablePercent = faulty ? random.nextInt(30) : 0;
        manners.afterAppendPercent = faulty ? random.nextInt(30) : 0;
        manners.finalPercent = random.nextInt(3) == 0 ? random.nextInt(20) : 0;
        manners.lyingPercent = random.nextInt(10) == 0 ? random.nextInt(20) : 0;
        manners.maxBatchBytes = random.nextInt(4) == 0 ? 500 : Integer.MAX_VALUE;
        manners.refusesUnknown = random.nextBoolean();
        manners.forbidsProducerIds = random.nextInt(4) == 0;
        setup.end = random.nextInt(10) == 0 ? End.FORCE_CLOSE : random.nextInt(5) == 0 ? End.CLOSE : End.DRAIN;
        return setup;
    }

    private static final int[] WEIGHTS = weights();

    private static int[] weights() {
        int[] weights = new int[Kind.values().length];
        weights[Kind.SEND.ordinal()] = 40;
        weights[Kind.SERVE.ordinal()] = 30;
        weights[Kind.CARRY_OUT.ordinal()] = 4;
        weights[Kind.CUT.ordinal()] = 4;
        weights[Kind.LEFT_OVER.ordinal()] = 2;
        weights[Kind.MOVE.ordinal()] = 3;
        weights[Kind.TELL.ordinal()] = 2;
        weights[Kind.FORGET.ordinal()] = 1;
        weights[Kind.CLOCK.ordinal()] = 12;
        weights[Kind.FLUSH.ordinal()] = 1;
        weights[Kind.BACKOFF.ordinal()] = 1;
        weights[Kind.THROTTLE.ordinal()] = 1;
        weights[Kind.WAKE.ordinal()] = 10;
        return weights;
    }

    private static List<Event> events(long seed) {
        SplittableRandom random = new SplittableRandom(~seed);
        int total = 0;
        for (int weight : WEIGHTS)
            total += weight;
        int count = MIN_EVENTS + random.nextInt(MAX_EVENTS - MIN_EVENTS + 1);
        List<Event> events = new ArrayList<>(count);
        while (events.size() < count) {
            int choice = random.nextInt(total);
            int kind = 0;
            while ((choice -= WEIGHTS[kind]) >= 0)
                kind++;
            events.add(new Event(Kind.values()[kind], random.nextInt(1 << 20), random.nextInt(1 << 20)));
        }
        return events;
    }

    /** The seed, the failure, and the shortest failing sequence that leaving events out leads to. */
    private static String explain(boolean idempotent, long seed, List<Event> events) {
        String failure = run(idempotent, seed, events);
        List<Event> shrunk = new ArrayList<>(events);
        for (int chunk = Math.max(1, shrunk.size() / 2); chunk >= 1; chunk /= 2)
            for (int at = 0; at < shrunk.size(); ) {
                List<Event> fewer = new ArrayList<>(shrunk.subList(0, at));
                fewer.addAll(shrunk.subList(Math.min(shrunk.size(), at + chunk), shrunk.size()));
                if (run(idempotent, seed, fewer) != null)
                    shrunk = fewer;
                else
                    at += chunk;
            }
        EngineModelRun run = new EngineModelRun(setup(idempotent, seed), shrunk, true);
        String last = run.run();
        return "Seed " + seed + ": " + failure + "\nOf " + events.size() + " events these " + shrunk.size() + " are enough for: "
                + last + "\n" + run.trace();
    }
}
