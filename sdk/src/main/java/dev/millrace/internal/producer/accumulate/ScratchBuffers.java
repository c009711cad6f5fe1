package dev.millrace.internal.producer.accumulate;

import java.util.concurrent.ArrayBlockingQueue;

/**
 * Arrays to compress into before the size of the result is known; any thread. As many are kept as there are processors, for
 * no more threads than that can compress at a time and gain by it. They are not part of {@code buffer.memory}.
 */
final class ScratchBuffers {

    private final ArrayBlockingQueue<byte[]> kept =
            new ArrayBlockingQueue<>(Math.max(2, Runtime.getRuntime().availableProcessors()));

    byte[] take(int size) {
        byte[] buffer = kept.poll();
        return buffer != null && buffer.length >= size ? buffer : new byte[size];
    }

    void giveBack(byte[] buffer) {
        kept.offer(buffer);
    }
}
