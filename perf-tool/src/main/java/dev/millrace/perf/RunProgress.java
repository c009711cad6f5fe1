package dev.millrace.perf;

import java.io.PrintStream;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What the runs of a comparison say while they last: their progress, one line written over and over on a terminal; their
 * warnings, each once; and not their errors, which end the comparison and are told with it. Thread-safe.
 */
final class RunProgress {
    private static final String ERASE_LINE = "\r\u001b[K";
    private static final String PREFIX = "millrace-perf: ";
    private static final String WARNING = PREFIX + "warning: ";
    private static final Pattern STEP = Pattern.compile("(warming up with|sending|reading|handling) .*");
    private static final Pattern TICK = Pattern.compile("(warm-up|sent|handled) +\\d+% .*");

    private final PrintStream out;
    private final boolean terminal;
    /** All guarded by this. */
    private final Set<String> said = new HashSet<>();
    private String run = "";
    private String error = "";

    RunProgress(PrintStream out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /** A run begins. */
    synchronized void begin(String name) {
        run = name;
        error = "";
        overwrite(name);
        if (!terminal) {
            out.println(name);
        }
    }

    /** A line of the run's. */
    synchronized void line(String line) {
        if (line.startsWith(ChildRun.RESULT)) {
            return;
        }
        if (STEP.matcher(line).matches()) {
            overwrite(run + ": " + line);
        } else if (TICK.matcher(line).matches()) {
            overwrite(run + ": " + line);
            if (!terminal) {
                out.println("  " + line);
            }
        } else if (line.startsWith(PREFIX) && !line.startsWith(WARNING)) {
            error = error.isEmpty() ? line.substring(PREFIX.length()) : error;
        } else if (!line.startsWith("Try '") && said.add(line)) {
            message(line);
        }
    }

    /** The first error the run told of; empty when it did not. */
    synchronized String error() {
        return error.startsWith("error: ") ? error.substring("error: ".length()) : error;
    }

    /** Something of the comparison's own. */
    synchronized void message(String line) {
        overwrite("");
        out.println(line);
    }

    private void overwrite(String line) {
        if (terminal) {
            out.print(ERASE_LINE + line);
            out.flush();
        }
    }
}
