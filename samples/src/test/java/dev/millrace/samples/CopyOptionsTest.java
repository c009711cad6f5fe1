package dev.millrace.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class CopyOptionsTest {
    @ParameterizedTest
    @ValueSource(strings = {"--nope", "--slow", "--slow -1", "--slow much", "stray"})
    void shouldNameTheOptionThatIsWrong(String args) {
        StringWriter err = new StringWriter();
        int exit = new CommandLine(new ExactlyOnceCopy()).setErr(new PrintWriter(err)).execute(args.split(" "));
        assertEquals(2, exit);
        assertTrue(err.toString().contains(args.split(" ")[0]), err.toString());
    }

    @Test
    void shouldHelp() {
        StringWriter out = new StringWriter();
        assertEquals(0, new CommandLine(new ExactlyOnceCopy()).setOut(new PrintWriter(out)).execute("--help"));
        for (String option : new String[] {"--bootstrap-server", "--from", "--to", "--group", "--instance", "--slow", "Exit codes"})
            assertTrue(out.toString().contains(option), out.toString());
    }
}
