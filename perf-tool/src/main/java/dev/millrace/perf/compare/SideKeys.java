package dev.millrace.perf.compare;

import dev.millrace.perf.spec.Client;
import dev.millrace.perf.spec.ClientSettings;
import dev.millrace.perf.spec.ConsumeClient;
import dev.millrace.perf.spec.ConsumerSettings;
import dev.millrace.perf.spec.UsageException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What the sides of a comparison may say beside settings of the client, by the command that its runs are. */
public enum SideKeys {
    PRODUCE(Set.of("threads", "partitions", "key-cardinality", "record-size"), Set.of("partitions")) {
        @Override
        void checkClient(String client) {
            Client.parse(client);
        }

        @Override
        List<String> unknownSettings(String client, List<String> settings) {
            return ClientSettings.of(Optional.empty(), settings).unknownKeys(Client.parse(client));
        }

        @Override
        boolean isIgnored(String client, String option) {
            return false;
        }
    },
    CONSUME(Set.of("ordering", "concurrency", "virtual-threads", "async", "work-us", "deserializer", "partitions",
            "key-cardinality", "hot-key-share", "record-size"),
            Set.of("partitions", "key-cardinality", "hot-key-share", "record-size")) {
        @Override
        void checkClient(String client) {
            ConsumeClient.parse(client);
        }

        @Override
        List<String> unknownSettings(String client, List<String> settings) {
            return ConsumerSettings.of(Optional.empty(), settings, "--command-property").unknownKeys(ConsumeClient.parse(client));
        }

        @Override
        boolean isIgnored(String client, String option) {
            return ConsumeClient.parse(client).ignores("--" + option);
        }
    };

    private final Set<String> options;
    private final Set<String> ofTopic;

    SideKeys(Set<String> options, Set<String> ofTopic) {
        this.options = options;
        this.ofTopic = ofTopic;
    }

    /** Options of the run that the sides may differ in. */
    Set<String> options() {
        return options;
    }

    /** Those among them that are about the topic, or what is in it before the run. */
    Set<String> ofTopic() {
        return ofTopic;
    }

    /** @throws UsageException when there is no such client */
    abstract void checkClient(String client);

    /** Keys among {@code key=value} that the client does not know. */
    abstract List<String> unknownSettings(String client, List<String> settings);

    /** Whether an option says nothing to the client. */
    abstract boolean isIgnored(String client, String option);
}
