package dev.millrace.internal.producer;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URL;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Properties;
import java.util.regex.Pattern;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;

/**
 * Refuses to start on a kafka-clients that the engine was not built for.
 *
 * <p>The engine's network floor uses classes inside kafka-clients that move between minor versions; on another one it
 * would die of a {@link LinkageError} somewhere, perhaps on the sender thread, perhaps after records were accepted. So
 * a producer calls {@link #check} before any other class of the engine is initialized. This class therefore uses
 * nothing of Kafka but its oldest public types.
 */
public final class KafkaVersion {
    /** What {@link #check} accepts, as a person would write it. */
    static final String NEEDED = "4.3.x";
    private static final String RECOMMENDED = "org.apache.kafka:kafka-clients:4.3.1";
    private static final Pattern ACCEPTED = Pattern.compile("4\\.3\\.\\d+([.-].+)?");
    private static final String VERSION_FILE = "kafka/kafka-version.properties";

    private static volatile boolean accepted; // any thread; only ever set to true

    private KafkaVersion() {
    }

    /**
     * Returns if the kafka-clients this class was linked with is one of the supported versions.
     *
     * @throws KafkaException if not; the message says what was found, where, and what to do
     */
    public static void check() {
        if (!accepted) {
            Found found = find(Producer.class);
            require(found.version(), found.origin());
            accepted = true;
        }
    }

    /**
     * @param version null when unknown
     * @param origin  the jar or folder it was found in
     */
    record Found(String version, String origin) {
    }

    static void require(String version, String origin) {
        if (version != null && ACCEPTED.matcher(version).matches()) {
            return;
        }
        String cause = version == null
                ? "a kafka-clients without a version (no " + VERSION_FILE + "; keep it when repackaging the jar)"
                : "kafka-clients " + version;
        throw new KafkaException("Millrace needs kafka-clients " + NEEDED + " but found " + cause + " at " + origin
                + ". It uses classes inside kafka-clients that other versions have moved. Put " + RECOMMENDED
                + " on the class path, and no other: mvn dependency:tree (or gradle dependencies) shows who asks for"
                + " the one that was found.");
    }

    /**
     * The version written in the jar that holds {@code type}. Other jars of Kafka have the same file, so the first on
     * the class path, which Kafka's own version report is content with, may belong to another version.
     */
    static Found find(Class<?> type) {
        String classFile = type.getName().replace('.', '/') + ".class";
        ClassLoader loader = type.getClassLoader() == null ? ClassLoader.getSystemClassLoader() : type.getClassLoader();
        URL classUrl = loader.getResource(classFile);
        String origin = classUrl == null ? "an unknown place" : rootOf(classUrl, classFile);
        try {
            List<URL> candidates = Collections.list(loader.getResources(VERSION_FILE));
            for (URL candidate : candidates) {
                if (rootOf(candidate, VERSION_FILE).equals(origin)) {
                    return new Found(version(candidate), printable(origin));
                }
            }
            // Classes and resources live apart, as in a build folder: then the first is as good as any.
            return new Found(candidates.isEmpty() ? null : version(candidates.get(0)), printable(origin));
        } catch (IOException e) {
            throw new KafkaException("Millrace needs kafka-clients " + NEEDED
                    + " but could not read the version of the one at " + printable(origin), e);
        }
    }

    private static String version(URL file) throws IOException {
        Properties properties = new Properties();
        try (InputStream in = file.openStream()) {
            properties.load(in);
        }
        String version = properties.getProperty("version", "").trim();
        return version.isEmpty() ? null : version;
    }

    private static String rootOf(URL file, String name) {
        String url = file.toString();
        return url.substring(0, url.length() - name.length());
    }

    /** {@code jar:file:/my%20lib/x.jar!/} as {@code /my lib/x.jar}; what is not a local file stays a URL. */
    private static String printable(String root) {
        String url = root.replaceFirst("^jar:", "").replaceFirst("!/$", "");
        return url.startsWith("file:/") ? Path.of(URI.create(url)).toString() : url;
    }
}
