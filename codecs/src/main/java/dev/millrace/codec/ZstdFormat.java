package dev.millrace.codec;

/**
 * The zstd frame (RFC 8878, section 3.1), as far as it takes to walk over the blocks without decompressing them.
 *
 * <pre>
 *   0              4     5
 *   +--------------+-----+----------------+-----------------+----------------+--------+--------+-----+------------+
 *   | 28 B5 2F FD  | FHD | window (0..1)  | dictionary 0..4 | content 0..8   | block  | block  | ... | check 0..4 |
 *   +--------------+-----+----------------+-----------------+----------------+--------+--------+-----+------------+
 *
 *   FHD:   content size code (2 bits), single segment, unused, reserved, checksum, dictionary id code (2 bits)
 *   block: 3 bytes: size (21 bits), type (2 bits), last (1 bit); then the block's bytes: size of them, or 1 in a run
 * </pre>
 *
 * No block makes more than 128 KiB, nor more than the window. So the blocks' headers give a bound of what a frame
 * decompresses to, also for frames that do not tell their size, as those of streaming writers (Kafka's).
 */
final class ZstdFormat {
    static final int MAGIC = 0xFD2FB528;
    /** The lowest four bits are free. */
    static final int SKIPPABLE_MAGIC = 0x184D2A50;
    static final int MAX_BLOCK_BYTES = 128 * 1024;
    static final long UNKNOWN = -1;

    private static final int BLOCK_STORED = 0;
    private static final int BLOCK_RUN = 1;
    private static final int BLOCK_COMPRESSED = 2;

    private ZstdFormat() {
    }

    /**
     * Of one frame, its length in the input and what it can make.
     *
     * @param bytes the whole frame's size in the input
     * @param contentBytes what the frame says it decompresses to, or {@link #UNKNOWN}
     * @param maxContentBytes what its blocks can decompress to at most
     */
    record Frame(int bytes, long contentBytes, long maxContentBytes) {
        static Frame read(byte[] src, int from, int end) {
            need(4, from, end);
            int magic = LittleEndian.getInt(src, from);
            if ((magic & ~0xF) == SKIPPABLE_MAGIC) {
                need(8, from, end);
                long bytes = 8 + (LittleEndian.getInt(src, from + 4) & 0xFFFF_FFFFL);
                need(bytes, from, end);
                return new Frame((int) bytes, 0, 0);
            }
            if (magic != MAGIC) {
                throw new CodecException("not a zstd frame: the data does not start with 28 B5 2F FD");
            }
            return readFrame(src, from, end);
        }

        private static Frame readFrame(byte[] src, int from, int end) {
            need(5, from, end);
            int descriptor = src[from + 4];
            boolean singleSegment = (descriptor & 0x20) != 0;
            int windowAt = from + 5;
            int dictionaryBytes = (1 << (descriptor & 3)) >> 1;
            int contentAt = windowAt + (singleSegment ? 0 : 1) + dictionaryBytes;
            int contentCode = (descriptor & 0xFF) >> 6;
            int contentFieldBytes = contentCode == 0 ? (singleSegment ? 1 : 0) : 1 << contentCode;
            int at = contentAt + contentFieldBytes;
            need(at - from, from, end);
            long content = contentBytes(src, contentAt, contentFieldBytes);
            long window = singleSegment ? content : windowBytes(src[windowAt] & 0xFF);
            int maxBlockBytes = (int) Math.min(MAX_BLOCK_BYTES, window);

            long max = 0;
            boolean last = false;
            while (!last) {
                need(at - from + 3L, from, end);
                int header = LittleEndian.getUnsignedShort(src, at) | (src[at + 2] & 0xFF) << 16;
                last = (header & 1) != 0;
                int type = header >> 1 & 3;
                int size = header >> 3;
                max += switch (type) {
                    case BLOCK_STORED, BLOCK_RUN -> size;
                    case BLOCK_COMPRESSED -> maxBlockBytes;
                    default -> throw new CodecException("zstd data is corrupt: a block is of the reserved type");
                };
                if (size > maxBlockBytes) {
                    throw new CodecException("zstd data is corrupt: a block claims " + size
                            + " bytes, the frame allows " + maxBlockBytes);
                }
                at += 3 + (type == BLOCK_RUN ? 1 : size);
                need(at - from, from, end);
            }
            at += (descriptor & 4) != 0 ? 4 : 0;
            need(at - from, from, end);
            if (content > max) {
                throw new CodecException("zstd data is corrupt: a frame claims " + content
                        + " bytes, its blocks make " + max + " at most");
            }
            return new Frame(at - from, content, max);
        }

        private static long contentBytes(byte[] src, int at, int fieldBytes) {
            return switch (fieldBytes) {
                case 0 -> UNKNOWN;
                case 1 -> src[at] & 0xFF;
                case 2 -> LittleEndian.getUnsignedShort(src, at) + 256;
                case 4 -> LittleEndian.getInt(src, at) & 0xFFFF_FFFFL;
                // As large as no array: the sign is kept out of the way of UNKNOWN.
                default -> LittleEndian.getLong(src, at) & Long.MAX_VALUE;
            };
        }

        private static long windowBytes(int descriptor) {
            long base = 1L << 10 + (descriptor >> 3);
            return base + base / 8 * (descriptor & 7);
        }

        private static void need(long bytes, int from, int end) {
            if (bytes > end - from) {
                throw new CodecException("zstd data ends too early");
            }
        }
    }
}
