package dev.millrace.codec;

/**
 * A batch could not be compressed or decompressed: the input is corrupt, the output would be larger than the caller
 * allows, or the codec's native library cannot be loaded. The message says which.
 */
public final class CodecException extends RuntimeException {
    /** @param message what was asked, what was found */
    public CodecException(String message) {
        super(message);
    }

    /**
     * @param message what was asked, what was found
     * @param cause what the compression library said
     */
    public CodecException(String message, Throwable cause) {
        super(message, cause);
    }
}
