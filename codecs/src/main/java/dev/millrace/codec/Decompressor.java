package dev.millrace.codec;

/** A decompression context: used by one thread at a time, and again and again. {@link PooledCodec} hands them out. */
interface Decompressor extends AutoCloseable {
    /**
     * Decompresses everything into {@code out}. The range was checked by the caller. Any state an earlier call left
     * behind, a failed one too, must not show.
     *
     * @throws CodecException when the input is corrupt or {@code out} refuses more
     */
    void decompress(byte[] src, int srcOffset, int srcLength, BoundedOutput out);

    /** Gives native memory back; there is no use after it. */
    @Override
    default void close() {
    }
}
