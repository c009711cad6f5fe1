package dev.millrace.internal.producer.batch;

/** Where a batch gets room to grow and gives it back; any thread, never blocks. */
public interface Memory {

    /** At least {@code size} bytes, or null when there are none to be had at once. */
    byte[] tryAllocate(int size);

    /** Exchanges an array that came from here for one of {@code size} bytes or more, at most as large, its bytes not kept. */
    byte[] shrink(byte[] buffer, int size);

    /** Takes back an array that came from here. */
    void release(byte[] buffer);
}
