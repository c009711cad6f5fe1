package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code docs/compatibility.md} names tests: each of them exists, and each row has one. */
class CompatibilityTableTest {

    private static final Pattern TEST = Pattern.compile("`([A-Z]\\w*(?:Test|IT))\\.(\\w+)`( \\*\\*2\\*\\*)?");
    /** The mark of tests that run over both clients or compare them. */
    private static final Pattern BOTH = Pattern.compile("@OverBothClients|Client\\.KAFKA|KafkaProducer|Client client|@EnumSource"
            + "|Outcome\\.assert|org\\.apache\\.kafka\\.common\\.record");
    private static final Path ROOT = root();

    @Test
    void shouldNameTestsThatExist() throws IOException {
        Map<String, String> sources = testSources();
        TreeSet<String> missing = new TreeSet<>();
        int named = 0;
        for (String row : rows()) {
            Matcher test = TEST.matcher(row);
            for (; test.find(); named++) {
                String source = sources.getOrDefault(test.group(1), "");
                if (!Pattern.compile("\\bvoid " + test.group(2) + "\\(").matcher(source).find())
                    missing.add(test.group(1) + "." + test.group(2));
                else if (test.group(3) != null && !BOTH.matcher(source).find())
                    missing.add(test.group(1) + " with KafkaProducer beside it");
            }
        }
        assertEquals(new TreeSet<>(), missing);
        assertTrue(named > 100, "only " + named + " tests were found in the table");
    }

    @Test
    void shouldShowEveryBehaviourByATest() throws IOException {
        List<String> without = new ArrayList<>();
        for (String row : rows())
            if (!TEST.matcher(row).find() || row.split("(?<!\\\\)\\|", -1).length != 5)
                without.add(row);
        assertEquals(List.of(), without);
    }

    private static List<String> rows() throws IOException {
        return Files.readAllLines(ROOT.resolve("docs/compatibility.md")).stream()
                .filter(line -> line.startsWith("|") && !line.startsWith("|---") && !line.startsWith("| behaviour |")).toList();
    }

    /** Of all modules, by class. */
    private static Map<String, String> testSources() throws IOException {
        Map<String, String> sources = new HashMap<>();
        try (Stream<Path> modules = Files.list(ROOT)) {
            for (Path tests : modules.map(module -> module.resolve("src/test/java")).filter(Files::isDirectory).toList())
                try (Stream<Path> files = Files.walk(tests)) {
                    files.filter(file -> file.toString().endsWith(".java")).forEach(file -> sources.merge(
                            file.getFileName().toString().replace(".java", ""), read(file), String::concat));
                }
        }
        return sources;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where the documentation is: above the module this runs in. */
    private static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.exists(folder.resolve("docs/compatibility.md"))) {
            folder = folder.getParent();
            if (folder == null)
                throw new IllegalStateException("docs/compatibility.md is in no folder above " + Path.of("").toAbsolutePath());
        }
        return folder;
    }
}
