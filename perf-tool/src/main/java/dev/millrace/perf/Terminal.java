package dev.millrace.perf;

/** Whether a person watches. */
final class Terminal {
    private Terminal() {
    }

    /** The launcher knows and says so; Java can only ask for standard input and output together. */
    static boolean isStandardErrorOne() {
        String told = System.getProperty("millrace.terminal");
        return told != null && Boolean.parseBoolean(told);
    }
}
