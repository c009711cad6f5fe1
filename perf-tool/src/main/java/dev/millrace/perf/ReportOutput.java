package dev.millrace.perf;

import dev.millrace.perf.spec.RunFailedException;
import dev.millrace.perf.spec.UsageException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Where the result goes.
 *
 * @param text gets the text
 * @param jsonFile gets the JSON
 * @param jsonToOut whether standard output gets it
 */
record ReportOutput(PrintStream text, Optional<Path> jsonFile, boolean jsonToOut) {
    /** Of the command's {@code --json}: null for none, '-' for standard output; what cannot be written is said at once. */
    static ReportOutput of(Path json) {
        boolean toOut = json != null && json.toString().equals("-");
        if (json != null && !toOut) {
            checkWritable(json);
        }
        return new ReportOutput(toOut ? System.err : System.out, toOut ? Optional.empty() : Optional.ofNullable(json), toOut);
    }

    private static void checkWritable(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        if (Files.isDirectory(file) || !Files.isDirectory(folder)) {
            throw new UsageException("--json: cannot write " + file.toAbsolutePath()
                    + (Files.isDirectory(file) ? ": it is a folder" : ": there is no folder " + folder));
        }
        if (!Files.isWritable(Files.exists(file) ? file : folder)) {
            throw new UsageException("--json: not allowed to write " + file.toAbsolutePath());
        }
    }

    /** Writes the result as text and, where it is wanted, as JSON. */
    void write(String asText, Supplier<String> asJson) {
        text.print(asText);
        text.flush();
        if (jsonToOut) {
            System.out.print(asJson.get());
            System.out.flush();
        }
        jsonFile.ifPresent(file -> write(file, asJson.get()));
    }

    private static void write(Path file, String json) {
        try {
            Files.writeString(file, json);
        } catch (IOException e) {
            throw new RunFailedException("--json: cannot write " + file.toAbsolutePath() + ": " + e, e);
        }
    }
}
