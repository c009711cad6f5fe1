package dev.millrace.testkit;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;

/**
 * The main class every {@link ChildJvm} starts with: watches standard input, whose end means that the parent is gone,
 * and runs the real main class, named by the first argument. The real main must leave standard input alone.
 */
final class ChildMain {
    /** The exit code of a child that ended because its parent did. */
    static final int PARENT_GONE = 86;

    private ChildMain() {
    }

    /** Runs the main class named by the first argument with the rest of the arguments. */
    public static void main(String[] args) throws Throwable {
        Thread watch = new Thread(ChildMain::endWithParent, "parent-watch");
        watch.setDaemon(true);
        watch.start();
        try {
            var main = Class.forName(args[0]).getDeclaredMethod("main", String[].class);
            main.setAccessible(true);
            main.invoke(null, (Object) Arrays.copyOfRange(args, 1, args.length));
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private static void endWithParent() {
        try {
            while (System.in.read() >= 0) {
                // The parent says nothing; only the end counts.
            }
        } catch (IOException e) {
            // A broken pipe is an ended parent too.
        }
        Runtime.getRuntime().halt(PARENT_GONE);
    }
}
