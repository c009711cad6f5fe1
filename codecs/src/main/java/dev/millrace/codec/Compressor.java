package dev.millrace.codec;

/** A compression context: used by one thread at a time, and again and again. {@link PooledCodec} hands them out. */
interface Compressor extends AutoCloseable {
    /**
     * Writes the whole compressed form from {@code dstOffset} on. The ranges were checked by the caller. Any state an
     * earlier call left behind, a failed one too, must not show.
     *
     * @return the number of bytes written
     * @throws CodecException when {@code dst} is too small
     */
    int compress(byte[] src, int srcOffset, int srcLength, byte[] dst, int dstOffset);

    /** Gives native memory back; there is no use after it. */
    @Override
    default void close() {
    }
}
