package dev.millrace.consumer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;

/**
 * When a record whose handler failed is tried again. A waiting record holds no thread; records that must not overtake it wait with
 * it, all others go on. Immutable.
 */
public final class RetryPolicy {

    private static final int FOR_EVER = Integer.MAX_VALUE;

    private final Duration first;
    private final Duration longest;
    private final double factor;
    private final int maxAttempts;
    private final double jitter;
    private final List<Rule> rules;

    private record Rule(Class<? extends Throwable> type, RetryPolicy policy) {
    }

    private RetryPolicy(Duration first, Duration longest, double factor, int maxAttempts, double jitter, List<Rule> rules) {
        this.first = first;
        this.longest = longest;
        this.factor = factor;
        this.maxAttempts = maxAttempts;
        this.jitter = jitter;
        this.rules = rules;
    }

    /** One attempt, no other. */
    public static RetryPolicy never() {
        return fixed(Duration.ZERO).maxAttempts(1);
    }

    /** The same time, 0 or longer, between attempts; for ever, unless {@link #maxAttempts} says otherwise. */
    public static RetryPolicy fixed(Duration backoff) {
        requireNotNegative(backoff, "backoff");
        return new RetryPolicy(backoff, backoff, 1, FOR_EVER, 0, List.of());
    }

    /**
     * A time that doubles from attempt to attempt, from {@code first} (above 0) to {@code longest}, each taken by chance up to 20 %
     * shorter or longer; for ever, unless {@link #maxAttempts} says otherwise.
     */
    public static RetryPolicy exponential(Duration first, Duration longest) {
        requireNotNegative(first, "first");
        if (first.isZero())
            throw new IllegalArgumentException("first must be longer than 0: nothing doubles from there");
        if (longest.compareTo(first) < 0)
            throw new IllegalArgumentException("longest (" + longest + ") must not be shorter than first (" + first + ")");
        return new RetryPolicy(first, longest, 2, FOR_EVER, 0.2, List.of());
    }

    /** This, with at most so many attempts, 1 or more, the first included. */
    public RetryPolicy maxAttempts(int attempts) {
        if (attempts < 1)
            throw new IllegalArgumentException("attempts must be 1 or more, was " + attempts);
        return new RetryPolicy(first, longest, factor, attempts, jitter, rules);
    }

    /**
     * This, with another policy for exceptions of a type. The rule given first wins; an exception thrown out of an asynchronous
     * handler is looked at without the {@code CompletionException} around it.
     */
    public RetryPolicy on(Class<? extends Throwable> type, RetryPolicy policy) {
        List<Rule> more = new ArrayList<>(rules);
        more.add(new Rule(Objects.requireNonNull(type, "type"), Objects.requireNonNull(policy, "policy")));
        return new RetryPolicy(first, longest, factor, maxAttempts, jitter, List.copyOf(more));
    }

    /** This, with exceptions of a type never tried again. */
    public RetryPolicy notOn(Class<? extends Throwable> type) {
        return on(type, never());
    }

    /**
     * How long to wait before the next attempt.
     *
     * @param failure why the last one failed
     * @param attempts how many there were, 1 or more
     * @return the time in milliseconds, 0 or more; -1 when there is to be no other attempt
     */
    public long backoffMs(Throwable failure, int attempts) {
        for (Rule rule : rules)
            if (rule.type.isInstance(failure))
                return rule.policy.backoffMs(failure, attempts);
        if (attempts >= maxAttempts)
            return -1;
        // Beyond some fifty doublings the power is infinite, and the limit is what counts.
        double backoffMs = Math.min(first.toMillis() * Math.pow(factor, attempts - 1), longest.toMillis());
        if (jitter > 0)
            backoffMs *= 1 - jitter + 2 * jitter * ThreadLocalRandom.current().nextDouble();
        return Math.round(backoffMs);
    }

    private static void requireNotNegative(Duration duration, String name) {
        if (duration.isNegative())
            throw new IllegalArgumentException(name + " must not be negative, was " + duration);
    }
}
