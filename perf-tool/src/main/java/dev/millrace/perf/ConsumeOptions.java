package dev.millrace.perf;

import dev.millrace.perf.spec.ConsumeClient;
import dev.millrace.perf.spec.ConsumeSpec;
import dev.millrace.perf.spec.ConsumerSettings;
import dev.millrace.perf.spec.Fill;
import dev.millrace.perf.spec.Handling;
import dev.millrace.perf.spec.Targets;
import dev.millrace.perf.spec.UsageException;
import dev.millrace.perf.spec.Warmup;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that say what to run, of every command that has a topic's records handled. */
final class ConsumeOptions {
    /** A record batch counts its bytes in an int. */
    private static final int MAX_RECORD_SIZE = 1 << 30;
    private static final int MAX_KEYS = 10_000_000;
    private static final long SEED = 20_261_121;

    @Option(names = "--client", paramLabel = "CLIENT", defaultValue = "millrace",
            description = "What to measure: ${COMPLETION-CANDIDATES}; kafka is one thread that polls a KafkaConsumer and handles "
                    + "its records, pool is a bare thread pool and no consumer at all (default: ${DEFAULT-VALUE}).")
    private ConsumeClient client;

    @Option(names = "--num-records", paramLabel = "N", defaultValue = "1000000",
            description = "Records to fill an empty topic with, beside those of the warm-up (default: ${DEFAULT-VALUE}).")
    private long numRecords;

    @Option(names = "--record-size", paramLabel = "BYTES", defaultValue = "100",
            description = "Bytes of each value, which looks like a JSON event (default: ${DEFAULT-VALUE}).")
    private int recordSize;

    @Option(names = "--key-cardinality", paramLabel = "N", defaultValue = "10000",
            description = "Give each record one of N keys, drawn evenly; 0: no keys (default: ${DEFAULT-VALUE}).")
    private int keyCardinality;

    @Option(names = "--hot-key-share", paramLabel = "SHARE", defaultValue = "0",
            description = "Give about this share of the records one and the same key beside the others, and tell the rate of the "
                    + "others by itself (default: ${DEFAULT-VALUE}).")
    private double hotKeyShare;

    @Mixin
    private HandlingOptions handlingOptions;

    @Mixin
    private WhereOptions where;

    @Option(names = "--command-property", paramLabel = "KEY=VALUE", arity = "1..*",
            description = "A setting of the consumer, over those of --command-config; may be given often.")
    private List<String> commandProperties = new ArrayList<>();

    @Option(names = "--producer-property", paramLabel = "KEY=VALUE", arity = "1..*",
            description = "A setting of the producer that fills the topic, as compression.type=lz4; may be given often.")
    private List<String> producerProperties = new ArrayList<>();

    @Option(names = "--command-config", paramLabel = "FILE",
            description = "A properties file with settings of the consumer; of them, the way to the brokers (security) is that of "
                    + "the producer that fills, too.")
    private Path commandConfig;

    /**
     * Puts the options together.
     *
     * @param warmup what is handled before the measurement
     * @param dense whether a topic that is not empty was filled by this tool
     * @throws UsageException naming the option that is wrong, and why
     */
    ConsumeSpec toSpec(Warmup warmup, Targets targets, boolean dense) {
        ConsumerSettings settings =
                ConsumerSettings.of(Optional.ofNullable(commandConfig), commandProperties, "--command-property");
        if (!(hotKeyShare >= 0 && hotKeyShare < 1)) {
            throw new UsageException("--hot-key-share: " + hotKeyShare + " is not in [0, 1)");
        }
        Handling handling = handlingOptions.handling();
        Ranges.check("--record-size", recordSize, 0, MAX_RECORD_SIZE);
        Ranges.check("--num-records", numRecords, 1, Integer.MAX_VALUE);
        Fill fill = new Fill(numRecords, warmup.records(numRecords, recordSize, handling.ideal(client)), recordSize,
                Ranges.check("--key-cardinality", keyCardinality, 0, MAX_KEYS), hotKeyShare,
                settings.producer(producerProperties), dense, SEED);
        return new ConsumeSpec(client, settings, handling, fill,
                where.where(settings.bootstrapServers(), Optional.empty()), targets);
    }
}
