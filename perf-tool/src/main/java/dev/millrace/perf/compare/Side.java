package dev.millrace.perf.compare;

import dev.millrace.perf.spec.UsageException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.kafka.clients.producer.ProducerConfig;

/**
 * What one side of a comparison has that the other has not.
 *
 * @param name {@code A} or {@code B}
 * @param client empty when it is the one of both sides
 * @param settings of the client, each {@code key=value}
 * @param options of the run, each {@code --name=value}
 * @param asked all of it as the user wrote it
 */
public record Side(String name, Optional<String> client, List<String> settings, List<String> options, List<String> asked) {
    private static final String CLIENT = "client";

    /**
     * Reads a side.
     *
     * @param name {@code A} or {@code B}
     * @param lists each {@code key=value,...}. A comma separates only where a key and {@code =} follow it, so most values with
     *     commas are taken as they are; {@code \,} is a comma that never separates
     * @param keys what it may say
     * @throws UsageException naming what is wrong
     */
    public static Side parse(String name, List<String> lists, SideKeys keys) {
        Optional<String> client = Optional.empty();
        List<String> settings = new ArrayList<>();
        List<String> options = new ArrayList<>();
        List<String> asked = new ArrayList<>();
        for (String list : lists) {
            for (String pair : list.split("(?<!\\\\),(?=\\s*[A-Za-z][\\w.-]*\\s*=)", -1)) {
                int equals = pair.indexOf('=');
                if (equals <= 0 || pair.substring(0, equals).isBlank()) {
                    throw wrong(name, "'" + pair + "' is not key=value");
                }
                String key = pair.substring(0, equals).strip();
                String value = pair.substring(equals + 1).strip().replace("\\,", ",");
                asked.add(key + "=" + value);
                if (key.equals(CLIENT)) {
                    client = Optional.of(client(name, value, keys));
                } else if (keys.options().contains(key)) {
                    options.add("--" + key + "=" + value);
                } else {
                    settings.add(key + "=" + value);
                }
            }
        }
        return new Side(name, client, settings, options, asked);
    }

    private static String client(String name, String value, SideKeys keys) {
        try {
            keys.checkClient(value);
            return value;
        } catch (UsageException e) {
            throw wrong(name, e.getMessage());
        }
    }

    private static UsageException wrong(String name, String what) {
        return new UsageException(option(name) + ": " + what);
    }

    private static String option(String name) {
        return "--" + name.toLowerCase(Locale.ROOT);
    }

    /** The option it was given by. */
    public String option() {
        return option(name);
    }

    /**
     * Refuses what cannot be compared: a key nobody knows changes nothing, and the two sides would be the same.
     *
     * @param keys what it may say
     * @param effective the client it will run
     * @param topicIsFixed why the sides cannot have topics of different shapes; empty when they can
     * @throws UsageException naming what is wrong
     */
    public void check(SideKeys keys, String effective, Optional<String> topicIsFixed) {
        for (String key : keys.unknownSettings(effective, settings)) {
            throw wrong(name, "no setting of client " + effective + " is called " + key + "; beside the client's settings there "
                    + "are " + CLIENT + " and " + String.join(", ", keys.options().stream().sorted().toList()));
        }
        for (String option : options) {
            String key = option.substring(2, option.indexOf('='));
            if (topicIsFixed.isPresent() && keys.ofTopic().contains(key)) {
                throw wrong(name, key + ": " + topicIsFixed.get());
            }
            if (keys.isIgnored(effective, key)) {
                throw wrong(name, key + " says nothing to client " + effective + "; leave it out");
            }
        }
        if (settings.stream().anyMatch(setting -> setting.startsWith(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG + "="))) {
            throw wrong(name, "both sides use the same brokers; name them by --bootstrap-server");
        }
    }

    /** What a run of this side is told beside what both are. */
    public List<String> arguments() {
        List<String> arguments = new ArrayList<>();
        client.ifPresent(own -> arguments.add("--client=" + own));
        arguments.addAll(options);
        settings.forEach(setting -> arguments.add("--command-property=" + setting));
        return arguments;
    }

    /** What it is, for people. */
    public String description() {
        return asked.isEmpty() ? "nothing changed" : String.join(", ", asked);
    }
}
