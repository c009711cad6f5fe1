package dev.millrace.faults;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Processes for members, used again, for to start one takes a second of a processor. For one thread. */
final class MemberPool implements AutoCloseable {

    private final List<MemberProcess> all = new ArrayList<>();
    private final Deque<MemberProcess> free = new ArrayDeque<>();

    /** Starts some, and does not wait for them. */
    MemberPool(int count) {
        for (int i = 0; i < count; i++)
            putBack(started());
    }

    private MemberProcess started() {
        MemberProcess process = MemberProcess.start();
        all.add(process);
        return process;
    }

    /** One that runs no consumer. */
    MemberProcess take() throws InterruptedException {
        MemberProcess process = free.isEmpty() ? started() : free.removeFirst();
        process.awaitLine("ready");
        return process;
    }

    /** In the place of one that was killed; does not wait for it. */
    void startAnother() {
        putBack(started());
    }

    void putBack(MemberProcess process) {
        free.addLast(process);
    }

    @Override
    public void close() {
        all.forEach(MemberProcess::close);
    }
}
