package dev.millrace.perf;

import dev.millrace.perf.report.ProduceJson;
import dev.millrace.perf.report.ProduceReport;
import dev.millrace.perf.report.ProduceText;
import dev.millrace.perf.spec.RunFailedException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where the result goes.
 *
 * @param text gets the text
 * @param jsonFile gets the JSON
 * @param jsonToOut whether standard output gets it
 */
record ReportOutput(PrintStream text, Optional<Path> jsonFile, boolean jsonToOut) {
    void write(ProduceReport report) {
        text.print(ProduceText.of(report));
        text.flush();
        if (jsonToOut) {
            System.out.print(ProduceJson.of(report));
            System.out.flush();
        }
        jsonFile.ifPresent(file -> write(file, ProduceJson.of(report)));
    }

    private static void write(Path file, String json) {
        try {
            Files.writeString(file, json);
        } catch (IOException e) {
            throw new RunFailedException("--json: cannot write " + file.toAbsolutePath() + ": " + e, e);
        }
    }
}
