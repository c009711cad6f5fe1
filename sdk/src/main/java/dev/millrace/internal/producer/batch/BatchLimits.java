package dev.millrace.internal.producer.batch;

/**
 * When a batch is full; in bytes, its header included. A first record may be larger than all of them.
 *
 * @param bytes of the (compressed) batch
 * @param rawBytes staged before compression
 * @param maxBytes of the (compressed) batch when it is {@link ProducerBatch#extend extended}; {@code bytes} if that can't be
 * @param maxRawBytes staged before compression, then
 */
public record BatchLimits(int bytes, int rawBytes, int maxBytes, int maxRawBytes) {

    /** Limits of a batch that can't be extended. */
    public static BatchLimits fixed(int bytes, int rawBytes) {
        return new BatchLimits(bytes, rawBytes, bytes, rawBytes);
    }
}
