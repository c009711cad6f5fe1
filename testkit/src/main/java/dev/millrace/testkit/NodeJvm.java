package dev.millrace.testkit;

import java.io.File;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.List;

/**
 * What the JVM of a broker or controller is started with.
 *
 * @param classPath null for this JVM's own
 * @param args flags, after the testkit's own
 */
record NodeJvm(String classPath, List<String> args) {
    /** With flags before its own, so that its own win. */
    NodeJvm withArgsBefore(List<String> flags) {
        List<String> all = new ArrayList<>(flags);
        all.addAll(args);
        return new NodeJvm(classPath, all);
    }

    /** The jars of another version of Kafka, and the testkit, which knows how to start it. */
    static String classPathOf(String jars) {
        try {
            File testkit = new File(BrokerMain.class.getProtectionDomain().getCodeSource().getLocation().toURI());
            return testkit.getAbsolutePath() + File.pathSeparator + jars;
        } catch (URISyntaxException e) {
            throw new IllegalStateException("the testkit's classes come from no file", e);
        }
    }
}
