package dev.millrace.perf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Command lines that end before any broker is started. */
class CommandLineTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int execute(String... args) {
        CommandLine command = MillracePerf.commandLine()
                .setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        return MillracePerf.execute(command, args);
    }

    private void assertUsageError(String said, String... args) {
        assertEquals(2, execute(args), err::toString);
        assertTrue(err.toString().contains(said), err::toString);
        assertTrue(err.toString().contains("--help"), err::toString);
        assertFalse(err.toString().contains("Exception"), err::toString);
        assertEquals("", out.toString());
    }

    static List<List<String>> wrongOptions() {
        return List.of(
                List.of("Unknown option: '--nope'", "--nope"),
                List.of("'--client': there is no client 'other'; there are [millrace, kafka]", "--client", "other"),
                List.of("--num-records: 0", "--num-records", "0"),
                List.of("'many' is not a long", "--num-records", "many"),
                List.of("'--json': Nul character not allowed", "--json", "a\0b"),
                List.of("--record-size: -1", "--record-size", "-1"),
                List.of("--throughput: 0.0", "--throughput", "0"),
                List.of("--throughput: -2.0", "--throughput", "-2"),
                List.of("--throughput: NaN", "--throughput", "NaN"),
                List.of("--threads: 0", "--threads", "0"),
                List.of("--warmup-records: -5", "--warmup-records", "-5"),
                List.of("--partitions: 0", "--partitions", "0"),
                List.of("--embedded: 0", "--embedded", "0"),
                List.of("--key-cardinality: -1", "--key-cardinality", "-1"),
                List.of("--reporting-interval: 0", "--reporting-interval", "0"),
                List.of("add --embedded 3", "--replication-factor", "3"),
                List.of("--sink: 'soon'", "--sink", "soon"),
                List.of("--sink: '2' has no unit", "--sink", "2"),
                List.of("--sink and --bootstrap-server exclude", "--sink", "--bootstrap-server", "b:1"),
                List.of("--sink and --embedded exclude", "--sink", "1ms", "--embedded", "1"),
                List.of("--embedded and --bootstrap-server exclude", "--embedded", "1", "--bootstrap-server", "b:1"),
                List.of("--sink and bootstrap.servers exclude", "--sink", "--command-property", "bootstrap.servers=b:1"),
                List.of("--sink and transactions exclude", "--sink", "--transactional-id", "t"),
                List.of("--transaction-duration-ms: 0 is not between", "--transaction-duration-ms", "0"),
                List.of("--transaction-duration-ms: 60000 is not below transaction.timeout.ms (60000)",
                        "--transaction-duration-ms", "60000"),
                List.of("--transaction-duration-ms: 3000 is not below transaction.timeout.ms (2000)",
                        "--command-property", "transactional.id=t", "transaction.timeout.ms=2000"),
                List.of("transactional.id", "--transactional-id", ""),
                List.of("without also enabling idempotence", "--transactional-id", "t", "--command-property", "acks=1"),
                List.of("'linger.ms' is not key=value", "--command-property", "linger.ms"),
                List.of("Invalid value abc for configuration linger.ms", "--command-property", "linger.ms=abc"),
                List.of("/no/such/file", "--command-config", "/no/such/file"),
                List.of("/no/such/file", "--payload-file", "/no/such/file"),
                List.of("--payload-delimiter: it is empty", "--payload-delimiter", ""),
                List.of("exclude each other", "--payload-file", "f", "--record-size", "5"),
                List.of("there is no folder /no/such", "--json", "/no/such/file"),
                List.of("--target 'p99<5'", "--target", "errors=0,p99<5"));
    }

    @ParameterizedTest
    @MethodSource("wrongOptions")
    void shouldNameWhatIsWrongAndEndWith2(List<String> saidAndArgs) {
        String[] args = new String[saidAndArgs.size()];
        args[0] = "produce";
        for (int i = 1; i < args.length; i++) {
            args[i] = saidAndArgs.get(i);
        }
        assertUsageError(saidAndArgs.get(0), args);
    }

    static List<List<String>> wrongOptionsOfConsume() {
        return List.of(
                List.of("there is no client 'other'; there are [millrace, kafka, pool]", "--client", "other"),
                List.of("there is no ordering 'some'; there are [partition, key, unordered]", "--ordering", "some"),
                List.of("there is no deserializer 'string'; there are [byte-array, byte-buffer]", "--deserializer", "string"),
                List.of("--concurrency: 0 is not between", "--concurrency", "0"),
                List.of("--work-us: -1 is not between", "--work-us", "-1"),
                List.of("--num-records: 0", "--num-records", "0"),
                List.of("--hot-key-share: 1.0 is not in", "--hot-key-share", "1"),
                List.of("--hot-key-share: NaN is not in", "--hot-key-share", "NaN"),
                List.of("--async is for client millrace, not for kafka", "--client", "kafka", "--async"),
                List.of("--ordering says nothing to client kafka", "--client", "kafka", "--ordering", "key"),
                List.of("--topic says nothing to client pool", "--client", "pool", "--topic", "t"),
                List.of("auto.offset.reset: the tool sets it itself", "--command-property", "auto.offset.reset=latest"),
                List.of("Invalid value abc for configuration fetch.min.bytes", "--command-property", "fetch.min.bytes=abc"),
                List.of("Invalid value abc for configuration linger.ms", "--producer-property", "linger.ms=abc"),
                List.of("add --embedded 2", "--replication-factor", "2"),
                List.of("'mb' is no metric", "--target", "mb>=5"));
    }

    @ParameterizedTest
    @MethodSource("wrongOptionsOfConsume")
    void shouldNameWhatIsWrongWithConsume(List<String> saidAndArgs) {
        List<String> args = new ArrayList<>(saidAndArgs);
        args.set(0, "consume");
        assertUsageError(saidAndArgs.get(0), args.toArray(String[]::new));
    }

    @Test
    void shouldNameWhatIsWrongWithEndToEnd() {
        assertUsageError("--throughput: 0.0 is not in", "e2e", "--throughput", "0");
        assertUsageError("--client pool reads nothing", "e2e", "--client", "pool");
        assertUsageError("transactional.id: e2e sends without transactions", "e2e", "--producer-property", "transactional.id=t");
        assertUsageError("'share' is no metric", "e2e", "--target", "share>=1");
        assertUsageError("--num-records: 0 is not between", "e2e", "--num-records", "0");
        assertEquals(0, execute("e2e", "--help"));
        for (String part : List.of("--producer", "--client", "--throughput", "--ordering", "--work-us", "--producer-property",
                "--bootstrap-server", "--hlog", "default: 10000", "Exit codes", "130", "Examples")) {
            assertTrue(out.toString().contains(part), () -> "no " + part + " in:\n" + out);
        }
    }

    @Test
    void shouldCompareConsumersInAModeOfItsOwn() {
        assertEquals(0, execute("compare", "--mode", "consume", "--help"));
        assertTrue(out.toString().contains("--hot-key-share") && !out.toString().contains("--sink"), out::toString);
        out.getBuffer().setLength(0);
        assertEquals(0, execute("compare", "--help"));
        assertTrue(out.toString().contains("--mode") && out.toString().contains("--sink"), out::toString);
        out.getBuffer().setLength(0);
        assertUsageError("there is no mode 'x'; there are produce and consume", "compare", "--mode=x");
        assertUsageError("--b: concurrency says nothing to client kafka", "compare", "--mode=consume", "--b",
                "client=kafka,concurrency=3");
        assertUsageError("handler_ms.p99 is for handlers that work: add --work-us", "compare", "--mode=consume", "--target",
                "handler_ms.p99<1", "--a", "client=pool", "--b", "client=pool,concurrency=3");
        assertUsageError("'cpu' is no metric", "compare", "--a", "linger.ms=1", "--mode", "consume", "--target", "cpu<1");
        assertUsageError("nothing they differ in", "compare", "--mode=consume", "--client", "kafka");
    }

    @Test
    void shouldDocumentEveryOptionOfConsume() {
        execute("consume", "--help");
        for (String part : List.of("--bootstrap-server", "--topic", "--num-records", "--record-size", "--key-cardinality",
                "--hot-key-share", "--ordering", "--concurrency", "--virtual-threads", "--async", "--work-us", "--deserializer",
                "--producer-property", "--command-property", "--command-config", "--warmup-records", "--target", "--hlog",
                "--json", "millrace, kafka, pool", "default: key", "Exit codes", "130", "Examples")) {
            assertTrue(out.toString().contains(part), () -> "no " + part + " in:\n" + out);
        }
    }

    @Test
    void shouldAskForACommand() {
        assertUsageError("which command?");
    }

    @Test
    void shouldNotTakeAFolderForTheJson(@TempDir Path folder) {
        assertUsageError("it is a folder", "produce", "--json", folder.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "produce --help", "jmh --help", "consume --help", "help produce", "--version", "produce -h"})
    void shouldHelpOnStandardOutput(String args) {
        assertEquals(0, execute(args.split(" ")));
        assertTrue(out.toString().contains("millrace-perf"), out::toString);
        assertEquals("", err.toString());
    }

    @Test
    void shouldDocumentEveryOptionWithItsDefaultAndTheExitCodes() {
        execute("produce", "--help");
        for (String part : List.of("--bootstrap-server", "--topic", "--num-records", "--record-size", "--throughput",
                "--payload-file", "--command-property", "--command-config", "--reporting-interval", "--warmup-records",
                "--client", "--threads", "--partitions", "--replication-factor", "--embedded", "--sink", "--key-cardinality",
                "--transactional-id", "--transaction-duration-ms", "3000", "--target", "--hlog", "--json",
                "default: 1000000", "default: millrace", "Exit codes", "130", "Examples")) {
            assertTrue(out.toString().contains(part), () -> "no " + part + " in:\n" + out);
        }
    }
}
