package dev.millrace.perf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class RunProgressTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    private String printed() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static void run(RunProgress progress) {
        progress.begin("round 1/1, A (client=kafka)");
        for (String line : List.of("warming up with 1,000 records", "millrace-perf: warning: no producer setting is called x",
                "sent  20%  2,000 / 10,000  1,000 records/s", "millrace-perf-result {\"x\":1}", "[main] WARN odd",
                "millrace-perf: error: 3 records failed", "millrace-perf: not valid: late", "Try 'compare --help'.")) {
            progress.line(line);
        }
    }

    @Test
    void shouldTellProgressAndEachWarningOnce() {
        RunProgress progress = new RunProgress(out, false);
        run(progress);
        run(progress);
        assertEquals(List.of("round 1/1, A (client=kafka)", "millrace-perf: warning: no producer setting is called x",
                "  sent  20%  2,000 / 10,000  1,000 records/s", "[main] WARN odd", "round 1/1, A (client=kafka)",
                "  sent  20%  2,000 / 10,000  1,000 records/s"), printed().lines().toList());
    }

    @Test
    void shouldRewriteOneLineOnATerminal() {
        RunProgress progress = new RunProgress(out, true);
        run(progress);
        assertTrue(printed().contains("\r\u001b[Kround 1/1, A (client=kafka): sent  20%"), printed());
        assertEquals(2, printed().lines().filter(line -> line.contains("WARN") || line.contains("warning")).count());
    }

    @Test
    void shouldKeepTheFirstErrorOfTheRun() {
        RunProgress progress = new RunProgress(out, false);
        run(progress);
        assertEquals("3 records failed", progress.error());
        progress.begin("round 2/2");
        assertEquals("", progress.error());
    }
}
