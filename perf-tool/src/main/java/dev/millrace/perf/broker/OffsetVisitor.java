package dev.millrace.perf.broker;

/** Gets the place of each record that is read. */
@FunctionalInterface
public interface OffsetVisitor {
    void visit(int partition, long offset);
}
