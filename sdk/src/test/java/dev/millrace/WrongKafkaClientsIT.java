package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A producer on a kafka-clients it was not built for, in a JVM of its own for each version. */
class WrongKafkaClientsIT {
    private static final Path OTHER_KAFKA = Path.of("target", "other-kafka"); // filled by this module's pom.xml
    private static final int ATTEMPTS = 4; // one for each constructor

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"4.2", "4.4"})
    void shouldSayWhatIsWrongWhenKafkaClientsIsAnotherVersion(String minorVersion) throws Exception {
        Path jar = onlyJar(minorVersion);
        String version = jar.getFileName().toString().replace("kafka-clients-", "").replace(".jar", "");

        List<String> output = runOn(jar);

        List<String> refusals = output.stream().filter(line -> line.startsWith("refused ")).toList();
        assertEquals(ATTEMPTS, refusals.size(), () -> String.join("\n", output));
        for (String refusal : refusals) {
            assertTrue(refusal.contains("needs kafka-clients 4.3.x"), refusal);
            assertTrue(refusal.contains("found kafka-clients " + version), refusal);
            assertTrue(refusal.contains(jar.toString()), refusal);
            assertTrue(refusal.contains("org.apache.kafka:kafka-clients:4.3.1"), refusal);
        }
        assertTrue(output.contains("threads left: []"), () -> String.join("\n", output));
        assertFalse(output.stream().anyMatch(line -> line.contains("Error")), () -> String.join("\n", output));
    }

    @Test
    void shouldStartWhenKafkaClientsIsTheVersionOfTheBuild() throws Exception {
        List<String> output = runOn(null);
        assertEquals(ATTEMPTS, output.stream().filter(line -> line.equals("started")).count(),
                () -> String.join("\n", output));
    }

    /** @param jar in place of everything of Kafka on this JVM's class path; null to leave it as it is */
    private List<String> runOn(Path jar) throws IOException, InterruptedException {
        Path log = folder.resolve("output");
        Process child = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx128m",
                "-cp", classPath(jar), WrongKafkaClientsMain.class.getName())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            assertTrue(child.waitFor(60, TimeUnit.SECONDS), () -> "still alive after a minute:\n" + read(log));
            assertEquals(0, child.exitValue(), () -> read(log));
            return Files.readAllLines(log);
        } finally {
            child.destroyForcibly();
        }
    }

    private static String classPath(Path jar) {
        List<String> entries = new ArrayList<>();
        if (jar != null) {
            entries.add(jar.toString());
        }
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            if (jar == null || !Path.of(entry).getFileName().toString().startsWith("kafka")) {
                entries.add(entry);
            }
        }
        return String.join(File.pathSeparator, entries);
    }

    private static Path onlyJar(String minorVersion) throws IOException {
        List<Path> jars = new ArrayList<>();
        try (DirectoryStream<Path> found =
                     Files.newDirectoryStream(OTHER_KAFKA, "kafka-clients-" + minorVersion + ".*.jar")) {
            found.forEach(jars::add);
        }
        assertEquals(1, jars.size(), () -> "kafka-clients " + minorVersion + " in " + OTHER_KAFKA.toAbsolutePath()
                + " (mvn generate-test-resources puts it there): " + jars);
        return jars.get(0).toAbsolutePath();
    }

    private static String read(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return "(no output: " + e + ")";
        }
    }
}
