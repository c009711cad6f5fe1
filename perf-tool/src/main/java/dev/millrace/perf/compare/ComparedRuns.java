package dev.millrace.perf.compare;

import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** The runs of A and of B as they were asked for, of whatever command: which figures they have, and how to tell of them. */
public interface ComparedRuns {
    /** All figures of the command. */
    List<Figure> figures();

    /** Why these runs do not have a figure, when they do not. */
    Optional<String> missing(Figure figure);

    /**
     * What is measured, in a line.
     *
     * @param option the value of a key of {@code config} that both sides have, or both values
     */
    String load(UnaryOperator<String> option);

    /** What was found in all runs, or that nobody looked. */
    String confirmed(boolean all);
}
