package dev.millrace.codec;

/**
 * Compresses and decompresses the records of a whole batch, in the formats Kafka's brokers and clients use. A codec may
 * be used by any number of threads at once and never blocks; it holds a bounded number of reusable contexts.
 *
 * <p>All methods throw {@link IndexOutOfBoundsException} when an offset and a length do not fit their array.
 */
public interface Codec {
    /** Which compression this is. */
    CodecType type();

    /**
     * How much room {@link #compress} needs at most for {@code length} bytes, in bytes. With less, it may succeed too.
     *
     * @throws IllegalArgumentException when {@code length} is negative, or so large that the bound is no {@code int}
     */
    int maxCompressedLength(int length);

    /**
     * Compresses {@code srcLength} bytes into {@code dst}, which may be written to anywhere from {@code dstOffset} on,
     * also behind the bytes counted by the result. The arrays' ranges must not overlap.
     *
     * @return how many bytes of {@code dst} the compressed form takes
     * @throws CodecException when {@code dst} is too small
     */
    int compress(byte[] src, int srcOffset, int srcLength, byte[] dst, int dstOffset);

    /**
     * Decompresses the records of a batch into an array of exactly their size.
     *
     * <p>What the input claims is never believed: the result and the memory used to make it are each bounded by
     * {@code maxLength} (plus at most 5 MiB kept for reuse), and a claim larger than the format could hold in
     * {@code srcLength} bytes is refused before anything is allocated for it.
     *
     * @param maxLength the largest result allowed, in bytes
     * @throws CodecException when the input is corrupt, or the result would be larger than {@code maxLength}
     * @throws IllegalArgumentException when {@code maxLength} is negative
     */
    byte[] decompress(byte[] src, int srcOffset, int srcLength, int maxLength);

    /**
     * Decompresses the records of a batch into {@code dst}, which may be written to anywhere from {@code dstOffset} on.
     * For callers that know a bound of the size and reuse their arrays. The arrays' ranges must not overlap.
     *
     * @return how many bytes were decompressed
     * @throws CodecException when the input is corrupt, or {@code dst} is too small
     */
    int decompress(byte[] src, int srcOffset, int srcLength, byte[] dst, int dstOffset);
}
