package dev.millrace.perf.load;

import dev.millrace.perf.spec.Load;
import dev.millrace.perf.spec.UsageException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** The values and keys of a run, made before it: what is measured is the client, not the making of data. */
public final class RecordData {
    /** Enough that no batch repeats itself to the compressor, and few enough to stay near the processor. */
    private static final int POOL_RECORDS = 10_000;
    private static final int POOL_BYTES = 64 << 20;
    private static final int POOL_LEAST = 16;
    private static final String[] ITEMS = {"anchor", "basket", "candle", "drum", "easel", "flask", "globe", "hammer"};
    private static final String[] CITIES = {"Aarhus", "Bergen", "Cork", "Delft", "Essen", "Faro", "Ghent", "Haifa"};

    /** The one key that many records have; no other one is as long. */
    private static final byte[] HOT_KEY = "hot".getBytes(StandardCharsets.US_ASCII);

    private final byte[][] values;
    private final byte[][] keys;
    private final double hotKeyShare;

    private RecordData(byte[][] values, byte[][] keys, double hotKeyShare) {
        this.values = values;
        this.keys = keys;
        this.hotKeyShare = hotKeyShare;
    }

    /** @throws UsageException when the payload file cannot be read or holds nothing */
    public static RecordData of(Load load) {
        byte[][] values = load.payloadFile().isPresent()
                ? fromFile(load.payloadFile().get(), load.payloadDelimiter())
                : generated(load.recordSize(), load.seed());
        return new RecordData(values, generatedKeys(load.keyCardinality()), 0);
    }

    /** The same, but about this share of the records has one and the same key, beside the others. */
    public RecordData withHotKey(double share) {
        return new RecordData(values, keys, share);
    }

    /** Whether it is the key that many records have. */
    public static boolean isHot(byte[] key) {
        return Arrays.equals(HOT_KEY, key);
    }

    double hotKeyShare() {
        return hotKeyShare;
    }

    byte[] hotKey() {
        return HOT_KEY;
    }

    /** At least one. */
    byte[][] values() {
        return values;
    }

    /** None when the records have no keys. */
    byte[][] keys() {
        return keys;
    }

    private static byte[][] fromFile(Path file, String delimiter) {
        String text;
        try {
            text = Files.readString(file);
        } catch (NoSuchFileException e) {
            throw new UsageException("--payload-file: there is no file " + file.toAbsolutePath(), e);
        } catch (IOException e) {
            throw new UsageException("--payload-file: cannot read " + file.toAbsolutePath() + " as UTF-8 text: " + e, e);
        }
        List<byte[]> values = new ArrayList<>();
        for (int from = 0, at; from < text.length(); from = at + delimiter.length()) {
            at = text.indexOf(delimiter, from);
            if (at < 0) {
                at = text.length();
            }
            if (at > from) {
                values.add(text.substring(from, at).getBytes(StandardCharsets.UTF_8));
            }
        }
        if (values.isEmpty()) {
            throw new UsageException("--payload-file: " + file.toAbsolutePath() + " holds no value");
        }
        return values.toArray(byte[][]::new);
    }

    /** Values of exactly {@code size} bytes that look and compress like JSON events do. */
    public static byte[][] generated(int size, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int count = Math.max(POOL_LEAST, Math.min(POOL_RECORDS, POOL_BYTES / Math.max(1, size)));
        byte[][] values = new byte[count][];
        for (int i = 0; i < count; i++) {
            values[i] = event(size, random);
        }
        return values;
    }

    private static byte[] event(int size, SplittableRandom random) {
        StringBuilder json = new StringBuilder(size + 80);
        char separator = '{';
        while (json.length() < size) {
            json.append(separator)
                    .append("\"order\":").append(random.nextInt(100_000_000))
                    .append(",\"customer\":\"c-").append(Integer.toHexString(random.nextInt(1 << 20)))
                    .append("\",\"item\":\"").append(ITEMS[random.nextInt(ITEMS.length)])
                    .append("\",\"city\":\"").append(CITIES[random.nextInt(CITIES.length)])
                    .append("\",\"cents\":").append(random.nextInt(100_000))
                    .append(",\"ms\":").append(1_790_000_000_000L + random.nextInt(86_400_000));
            separator = ',';
        }
        json.setLength(size);
        if (size > 0) {
            json.setCharAt(size - 1, '}');
        }
        return json.toString().getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[][] generatedKeys(int cardinality) {
        byte[][] keys = new byte[cardinality][];
        for (int i = 0; i < cardinality; i++) {
            keys[i] = ("key-" + i).getBytes(StandardCharsets.US_ASCII);
        }
        return keys;
    }
}
