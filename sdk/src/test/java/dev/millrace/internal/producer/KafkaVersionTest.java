package dev.millrace.internal.producer;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KafkaVersionTest {
    private static final String CLASS_FILE = "org/apache/kafka/clients/producer/Producer.class";

    @Test
    void shouldAcceptTheVersionOfTheBuild() {
        assertDoesNotThrow(KafkaVersion::check);
    }

    @ParameterizedTest
    @ValueSource(strings = {"4.3.0", "4.3.1", "4.3.12", "4.3.1-SNAPSHOT", "4.3.1.vendor-2"})
    void shouldAcceptWhenTheMinorVersionIsTheRightOne(String version) {
        assertDoesNotThrow(() -> KafkaVersion.require(version, "x.jar"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"4.2.1", "4.4.0", "4.30.0", "4.3", "3.4.3", "14.3.1", "4.3.x", "unknown", "8.3.0-ccs"})
    void shouldRefuseWhenItIsAnotherMinorVersion(String version) {
        KafkaException e = assertThrows(KafkaException.class, () -> KafkaVersion.require(version, "/lib/x.jar"));
        assertTrue(e.getMessage().contains("needs kafka-clients 4.3.x"), e.getMessage());
        assertTrue(e.getMessage().contains("found kafka-clients " + version + " at /lib/x.jar"), e.getMessage());
        assertTrue(e.getMessage().contains("org.apache.kafka:kafka-clients:4.3.1"), e.getMessage());
    }

    @Test
    void shouldRefuseWhenTheJarTellsNoVersion() {
        KafkaException e = assertThrows(KafkaException.class, () -> KafkaVersion.require(null, "/lib/x.jar"));
        assertTrue(e.getMessage().contains("kafka/kafka-version.properties"), e.getMessage());
    }

    @Test
    void shouldNameTheJarItFoundTheVersionIn() {
        KafkaVersion.Found found = KafkaVersion.find(Producer.class);
        assertEquals("4.3.1", found.version());
        assertTrue(found.origin().endsWith("kafka-clients-4.3.1.jar"), found.origin());
        assertTrue(Files.exists(Path.of(found.origin())), found.origin());
    }

    @Test
    void shouldReadTheVersionBesideTheClassesWhenAnotherJarOfKafkaComesFirst(
            @TempDir Path server, @TempDir Path clients) throws IOException, ClassNotFoundException {
        writeVersion(server, "4.3.1");
        writeVersion(clients, "4.2.0");
        writeClass(clients);
        try (URLClassLoader loader = loader(server, clients)) {
            KafkaVersion.Found found = KafkaVersion.find(Class.forName(Producer.class.getName(), false, loader));
            assertEquals("4.2.0", found.version());
        }
    }

    @Test
    void shouldTakeAnyVersionWhenNoneIsBesideTheClasses(@TempDir Path classes, @TempDir Path resources)
            throws IOException, ClassNotFoundException {
        writeClass(classes);
        writeVersion(resources, "4.4.0");
        try (URLClassLoader loader = loader(classes, resources)) {
            KafkaVersion.Found found = KafkaVersion.find(Class.forName(Producer.class.getName(), false, loader));
            assertEquals("4.4.0", found.version());
            assertEquals(classes.toString(), found.origin());
        }
    }

    private static URLClassLoader loader(Path... folders) throws IOException {
        URL[] urls = new URL[folders.length];
        for (int i = 0; i < folders.length; i++) {
            urls[i] = folders[i].toUri().toURL();
        }
        return new URLClassLoader(urls, ClassLoader.getPlatformClassLoader());
    }

    private static void writeVersion(Path root, String version) throws IOException {
        Path file = root.resolve("kafka/kafka-version.properties");
        Files.createDirectories(file.getParent());
        Files.writeString(file, "version=" + version + "\n");
    }

    /** Only loaded, never linked, so that nothing it refers to is needed. */
    private static void writeClass(Path root) throws IOException {
        Path file = root.resolve(CLASS_FILE);
        Files.createDirectories(file.getParent());
        try (InputStream in = Producer.class.getClassLoader().getResourceAsStream(CLASS_FILE)) {
            Files.copy(in, file);
        }
    }
}
