package dev.millrace.internal.consumer.offsets;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.zip.CRC32C;
import org.apache.kafka.common.Uuid;

/**
 * What is done beyond the committed offset, as the metadata of the commit: a String that says whose it is, then base64 (the
 * alphabet of URLs, no padding) of these bytes, numbers big-endian:
 * <pre>
 * millrace-done:AYnFz...
 *
 *       0        1                       17                25              25+n      29+n
 *       +--------+-----------------------+-----------------+---------------+---------+
 *       | version| topic id              | base            | ranges        | CRC32C  |
 *       | 1      | 16 bytes              | 8 bytes         | n bytes       | 4 bytes |
 *       +--------+-----------------------+-----------------+---------------+---------+
 *
 * ranges:
 *       +--------+--------------------------+------------------------------+
 *       | r      | r times                  | if anything is left          |
 *       | varint | gap varint, more varint  | gap varint, bits to the end  |
 *       +--------+--------------------------+------------------------------+
 * </pre>
 * <ul>
 *   <li>version: 1. Every version has it as its first byte, and as its last four the CRC32C of all bytes before.
 *   <li>topic id: as Kafka writes it. A topic that was deleted and made again has another one.
 *   <li>base: the offset this was committed with. Tools that copy groups to other clusters change the offset, not its metadata.
 *   <li>varint: seven bits a byte, the lowest first, the highest bit set in all but the last byte; no longer than needed.
 *   <li>gap: offsets between the end of the range before and this one, less one, as there is at least one; before the first
 *       range, the offsets from the base to it.
 *   <li>more: offsets of the range, less one.
 *   <li>bits: from the lowest bit of the first byte on, 1 is a done offset. The first bit and one of the last byte are set.
 * </ul>
 * Runs are good for long ranges, bits for short ones, and behind a record that was stuck for long lie a long range first and then
 * the short ones of what is in flight; so there may be both, and {@link #encode} looks for the number of runs with which most is
 * remembered.
 *
 * <p>Brokers measure metadata by {@link String#length} ({@code offset.metadata.max.bytes}), which is the number of bytes as
 * this is ASCII.
 */
public final class OffsetMapCodec {
    /** Broker's default of {@code offset.metadata.max.bytes}. */
    public static final int DEFAULT_MAX_BYTES = 4096;
    /** What the metadata begins with, for people who come across it, and to tell it from that of others. */
    public static final String PREFIX = "millrace-done:";

    /** Longer ones are neither written nor read, whatever the broker would allow; the length of a String in older requests. */
    static final int LONGEST = Short.MAX_VALUE;

    static final byte VERSION = 1;
    static final int VERSION_OFFSET = 0;
    static final int TOPIC_ID_OFFSET = 1;
    static final int BASE_OFFSET = 17;
    static final int RANGES_OFFSET = 25;
    static final int CRC_LENGTH = 4;

    private OffsetMapCodec() {
    }

    /** What became of a commit's metadata. */
    public enum Outcome {
        /** There was none. */
        EMPTY,
        /** Someone else's. */
        FOREIGN,
        /** Ours by its beginning, but damaged. */
        CORRUPT,
        /** Ours, of a version this one does not know. */
        UNKNOWN_VERSION,
        /** Ours, of another topic, or of an earlier one of the same name; or the topic's id is not known. */
        OTHER_TOPIC,
        /** Ours, but committed with another offset. */
        OTHER_BASE,
        /** Ours; what it says is done. */
        OK
    }

    /**
     * @param outcome what became of the metadata
     * @param done what is done at or beyond the committed offset; nothing unless the outcome is {@link Outcome#OK}
     */
    public record Decoded(Outcome outcome, DoneOffsets done) {
        private static Decoded nothing(Outcome outcome) {
            return new Decoded(outcome, DoneOffsets.EMPTY);
        }
    }

    /** No metadata of this length remembers more ranges than this, so that there is no use in collecting more. */
    public static int maxRanges(int maxBytes) {
        // At most every second bit begins one.
        return 4 * Math.max(roomForRanges(maxBytes), 0);
    }

    /**
     * What fits, from the lowest offset on; the highest are forgotten first.
     *
     * @param done what is done; offsets below the base are of no interest
     * @param topicId that of the topic; {@link Uuid#ZERO_UUID} if it is not known, and then nothing is remembered, as nobody
     *        could tell later on whether it is the same topic still
     * @param base the offset that is committed, 0 or more
     * @param maxBytes the broker's {@code offset.metadata.max.bytes}; any number, with few nothing fits
     * @return the metadata, at most {@code maxBytes} ASCII characters; empty if there is nothing to remember, or nothing fits
     */
    public static String encode(DoneOffsets done, Uuid topicId, long base, int maxBytes) {
        if (done.isEmpty() || topicId.equals(Uuid.ZERO_UUID)) {
            return "";
        }
        byte[] ranges = OffsetRanges.encode(done, base, roomForRanges(maxBytes));
        if (ranges.length == 0) {
            return "";
        }
        ByteBuffer content = ByteBuffer.allocate(RANGES_OFFSET + ranges.length + CRC_LENGTH)
                .put(VERSION)
                .putLong(topicId.getMostSignificantBits()).putLong(topicId.getLeastSignificantBits())
                .putLong(base)
                .put(ranges);
        content.putInt(checksum(content.array()));
        return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(content.array());
    }

    private static int roomForRanges(int maxBytes) {
        int digits = Math.min(Math.max(maxBytes, 0), LONGEST) - PREFIX.length();
        return digits * 3 / 4 - RANGES_OFFSET - CRC_LENGTH;
    }

    /**
     * Reads what {@link #encode} wrote. Whatever is not exactly that says nothing is done. Never throws.
     *
     * @param metadata of the commit, may be null
     * @param topicId that of the topic now
     * @param committedOffset what the metadata was committed with
     */
    public static Decoded decode(String metadata, Uuid topicId, long committedOffset) {
        if (metadata == null || metadata.isBlank()) {
            return Decoded.nothing(Outcome.EMPTY);
        }
        if (!metadata.startsWith(PREFIX)) {
            return Decoded.nothing(Outcome.FOREIGN);
        }
        byte[] content = content(metadata);
        if (content.length <= CRC_LENGTH || ByteBuffer.wrap(content).getInt(content.length - CRC_LENGTH) != checksum(content)) {
            return Decoded.nothing(Outcome.CORRUPT);
        }
        if (content[VERSION_OFFSET] != VERSION) {
            return Decoded.nothing(Outcome.UNKNOWN_VERSION);
        }
        if (content.length <= RANGES_OFFSET + CRC_LENGTH) {
            return Decoded.nothing(Outcome.CORRUPT);
        }
        ByteBuffer fields = ByteBuffer.wrap(content);
        Uuid itsTopicId = new Uuid(fields.getLong(TOPIC_ID_OFFSET), fields.getLong(TOPIC_ID_OFFSET + Long.BYTES));
        if (!itsTopicId.equals(topicId) || topicId.equals(Uuid.ZERO_UUID)) {
            return Decoded.nothing(Outcome.OTHER_TOPIC);
        }
        if (fields.getLong(BASE_OFFSET) != committedOffset) {
            return Decoded.nothing(Outcome.OTHER_BASE);
        }
        fields.position(RANGES_OFFSET).limit(content.length - CRC_LENGTH);
        DoneOffsets done = OffsetRanges.decode(fields, committedOffset);
        return done.isEmpty() ? Decoded.nothing(Outcome.CORRUPT) : new Decoded(Outcome.OK, done);
    }

    /** The bytes behind the prefix; none if they cannot be read. */
    private static byte[] content(String metadata) {
        String digits = metadata.substring(PREFIX.length());
        if (metadata.length() <= LONGEST) {
            try {
                byte[] content = Base64.getUrlDecoder().decode(digits);
                // The decoder takes padding and stray bits in the last digit, which were never written.
                if (Base64.getUrlEncoder().withoutPadding().encodeToString(content).equals(digits)) {
                    return content;
                }
            } catch (IllegalArgumentException e) {
                // Not base64: below.
            }
        }
        return new byte[0];
    }

    /** Of all but the bytes the checksum is in itself. */
    private static int checksum(byte[] content) {
        CRC32C crc = new CRC32C();
        crc.update(content, 0, content.length - CRC_LENGTH);
        return (int) crc.getValue();
    }
}
