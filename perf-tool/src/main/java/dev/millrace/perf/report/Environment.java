package dev.millrace.perf.report;

/** The machine a run was made on: figures of different ones are not comparable. */
public record Environment(String jdk, int cores, String os) {
    public static Environment ofThisProcess() {
        return new Environment(
                System.getProperty("java.runtime.version") + " (" + System.getProperty("java.vendor") + ")",
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " " + System.getProperty("os.arch"));
    }
}
