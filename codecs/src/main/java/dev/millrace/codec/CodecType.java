package dev.millrace.codec;

import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * The compression types of Kafka's record batches. Naming one loads no compression library: configuration can be parsed
 * on machines where a type's native code is missing.
 */
public enum CodecType {
    /** The records as they are. */
    NONE(0, "none"),
    /** RFC 1952, by the JDK's zlib. Level -1 leaves the choice to zlib (which takes 6). */
    GZIP(1, "gzip", 1, 9, -1),
    /** Snappy blocks in xerial's framing. */
    SNAPPY(2, "snappy"),
    /**
     * LZ4 frames. As in Kafka, level 9, the default, does not mean LZ4 HC's level 9 but the fast compressor; every
     * other level is LZ4 HC's.
     */
    LZ4(3, "lz4", 1, 17, 9),
    /** Zstandard frames (RFC 8878). */
    ZSTD(4, "zstd", -131072, 22, 3);

    private final int id;
    private final String codecName;
    private final boolean hasLevels;
    private final int minLevel;
    private final int maxLevel;
    private final int defaultLevel;

    CodecType(int id, String codecName) {
        this(id, codecName, false, 0, 0, 0);
    }

    CodecType(int id, String codecName, int minLevel, int maxLevel, int defaultLevel) {
        this(id, codecName, true, minLevel, maxLevel, defaultLevel);
    }

    CodecType(int id, String codecName, boolean hasLevels, int minLevel, int maxLevel, int defaultLevel) {
        this.id = id;
        this.codecName = codecName;
        this.hasLevels = hasLevels;
        this.minLevel = minLevel;
        this.maxLevel = maxLevel;
        this.defaultLevel = defaultLevel;
    }

    /** The lowest three bits of a record batch's attributes: 0 to 4. */
    public int id() {
        return id;
    }

    /** The value of {@code compression.type} that names this type. */
    public String codecName() {
        return codecName;
    }

    /** Whether this type can be tuned by a level; if not, the methods about levels throw. */
    public boolean hasLevels() {
        return hasLevels;
    }

    /** @throws UnsupportedOperationException when the type has no levels */
    public int minLevel() {
        return level(minLevel);
    }

    /** @throws UnsupportedOperationException when the type has no levels */
    public int maxLevel() {
        return level(maxLevel);
    }

    /**
     * What Kafka uses when no level is set. May lie outside {@link #minLevel()} to {@link #maxLevel()} (gzip's -1) and
     * is valid all the same.
     *
     * @throws UnsupportedOperationException when the type has no levels
     */
    public int defaultLevel() {
        return level(defaultLevel);
    }

    private int level(int level) {
        if (!hasLevels) {
            throw new UnsupportedOperationException("compression type " + codecName + " has no levels");
        }
        return level;
    }

    /** Returns {@code level} or says, in an {@link IllegalArgumentException}, which ones there are. */
    int checkLevel(int level) {
        if (!hasLevels) {
            throw new IllegalArgumentException("level " + level + " was asked of compression type " + codecName
                    + ", which has no levels");
        }
        if ((level < minLevel || level > maxLevel) && level != defaultLevel) {
            throw new IllegalArgumentException("level " + level + " is out of range for compression type " + codecName
                    + ": use " + minLevel + " to " + maxLevel + ", or " + defaultLevel + " (the default)");
        }
        return level;
    }

    /**
     * The type of a record batch, given the lowest three bits of its attributes.
     *
     * @throws IllegalArgumentException when no type has this id
     */
    public static CodecType forId(int id) {
        return switch (id) {
            case 0 -> NONE;
            case 1 -> GZIP;
            case 2 -> SNAPPY;
            case 3 -> LZ4;
            case 4 -> ZSTD;
            default -> throw new IllegalArgumentException("compression type id " + id
                    + " is unknown: 0 to 4 are known");
        };
    }

    /**
     * The type a {@code compression.type} setting names; case matters, as it does to Kafka.
     *
     * @throws IllegalArgumentException when no type has this name
     */
    public static CodecType forName(String name) {
        for (CodecType type : values()) {
            if (type.codecName.equals(name)) {
                return type;
            }
        }
        String known = Arrays.stream(values()).map(CodecType::codecName).collect(Collectors.joining(", "));
        throw new IllegalArgumentException("compression type '" + name + "' is unknown: use one of " + known);
    }

    @Override
    public String toString() {
        return codecName;
    }
}
