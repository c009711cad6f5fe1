package dev.millrace.perf;

import dev.millrace.perf.broker.Brokers;
import dev.millrace.perf.compare.ComparedRuns;
import dev.millrace.perf.compare.Figure;
import dev.millrace.perf.compare.SideKeys;
import dev.millrace.perf.load.StopSignal;
import dev.millrace.perf.spec.Where;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What comparisons of one command's runs have that those of another command's have not.
 *
 * @param <S> what a run is asked to do
 */
interface ComparedKind<S> {
    /** What the sides may say. */
    SideKeys keys();

    List<Figure> figures();

    /** Options of the comparison that are not handed on to its runs: these are told in other words. */
    Set<String> notHandedOn();

    /** The class whose {@code main} makes a run. */
    Class<?> process();

    /**
     * What a run with these arguments would do.
     *
     * @throws dev.millrace.perf.spec.UsageException when an argument is wrong
     */
    S specOf(List<String> arguments);

    /** @throws dev.millrace.perf.spec.UsageException when it cannot be, as far as that can be known without a broker */
    void check(S spec);

    String client(S spec);

    Where where(S spec);

    long warmupRecords(S spec);

    /** A run that is silent for longer hangs. */
    Duration silence(S spec);

    ComparedRuns runs(S a, S b);

    /** Whether runs of it need brokers at all. */
    boolean needsBrokers(S spec);

    /** Why the sides cannot have topics of different shapes; empty when they can. */
    Optional<String> topicIsFixed(Where where);

    /** Makes what all runs use. Blocks; empty when it was stopped. */
    Optional<SharedTopics> open(Brokers brokers, S a, S b, Where where, StopSignal stop);

    /** What the runs of a comparison find on the brokers. */
    interface SharedTopics extends AutoCloseable {
        /** Nothing: each run makes a topic of its own. */
        SharedTopics NONE = new SharedTopics() {
            @Override
            public List<String> arguments(boolean ofA) {
                return List.of();
            }

            @Override
            public void close() {
                // There is nothing.
            }
        };

        /** What a run of that side is told of it. */
        List<String> arguments(boolean ofA);

        @Override
        void close();
    }
}
