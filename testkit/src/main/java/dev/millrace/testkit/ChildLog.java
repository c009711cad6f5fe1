package dev.millrace.testkit;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** The log file of a {@link ChildJvm}. Thread-safe: every look reads the file. */
final class ChildLog {
    private static final int TAIL_BYTES = 256 * 1024;

    private final File file;
    private final long start;

    /** @param start where this child's output starts in a file that earlier children wrote to, in bytes */
    ChildLog(File file, long start) {
        this.file = file;
        this.start = start;
    }

    File file() {
        return file;
    }

    /** Whether this child has written this text. */
    boolean contains(String text) {
        return read(start, Integer.MAX_VALUE).contains(text);
    }

    /** The last lines, at most {@code lines} of them and at most 256 KiB. Empty when there are none. */
    String tail(int lines) {
        List<String> all = Arrays.asList(read(Math.max(0, file.length() - TAIL_BYTES), TAIL_BYTES)
                .split("\n"));
        return String.join("\n", all.subList(Math.max(0, all.size() - lines), all.size()));
    }

    private String read(long from, int limit) {
        try (RandomAccessFile in = new RandomAccessFile(file, "r")) {
            long length = Math.min(limit, in.length() - from);
            if (length <= 0) {
                return "";
            }
            byte[] bytes = new byte[(int) length];
            in.seek(from);
            in.readFully(bytes);
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "";
        }
    }
}
