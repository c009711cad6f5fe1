package dev.millrace.perf;

import dev.millrace.perf.spec.Client;
import dev.millrace.perf.spec.ConsumeClient;
import dev.millrace.perf.spec.ConsumerSettings;
import dev.millrace.perf.spec.EndToEndSpec;
import dev.millrace.perf.spec.Load;
import dev.millrace.perf.spec.Targets;
import dev.millrace.perf.spec.UsageException;
import dev.millrace.perf.spec.Warmup;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that say what an end-to-end run does. */
final class EndToEndOptions {
    private static final int MAX_RECORD_SIZE = 1 << 30;
    private static final int MAX_KEYS = 10_000_000;
    private static final long SEED = 20_261_121;

    @Option(names = "--client", paramLabel = "CLIENT", defaultValue = "millrace",
            description = "The consumer: millrace, or kafka, one thread that polls a KafkaConsumer and handles its records (default: "
                    + "${DEFAULT-VALUE}).")
    private ConsumeClient client;

    @Option(names = "--producer", paramLabel = "CLIENT", defaultValue = "millrace",
            description = "The producer: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Client producer;

    @Option(names = "--throughput", paramLabel = "RECORDS/S", defaultValue = "10000",
            description = "Send by a schedule of so many records a second, whatever becomes of them (default: ${DEFAULT-VALUE}).")
    private double throughput;

    @Option(names = "--num-records", paramLabel = "N", defaultValue = "100000",
            description = "Records to send (default: ${DEFAULT-VALUE}).")
    private long numRecords;

    @Option(names = "--record-size", paramLabel = "BYTES", defaultValue = "100",
            description = "Bytes of each value, which looks like a JSON event (default: ${DEFAULT-VALUE}).")
    private int recordSize;

    @Option(names = "--key-cardinality", paramLabel = "N", defaultValue = "10000",
            description = "Give each record one of N keys, drawn evenly; 0: no keys (default: ${DEFAULT-VALUE}).")
    private int keyCardinality;

    @Mixin
    private HandlingOptions handling;

    @Mixin
    private WhereOptions where;

    @Option(names = "--command-property", paramLabel = "KEY=VALUE", arity = "1..*",
            description = "A setting of the consumer, over those of --command-config; may be given often.")
    private List<String> commandProperties = new ArrayList<>();

    @Option(names = "--producer-property", paramLabel = "KEY=VALUE", arity = "1..*",
            description = "A setting of the producer, as linger.ms=0; may be given often.")
    private List<String> producerProperties = new ArrayList<>();

    @Option(names = "--command-config", paramLabel = "FILE",
            description = "A properties file with settings of the consumer; of them, the way to the brokers (security) is that of "
                    + "the producer, too.")
    private Path commandConfig;

    /**
     * Puts the options together.
     *
     * @param warmup what is sent before the measurement
     * @throws UsageException naming the option that is wrong, and why
     */
    EndToEndSpec toSpec(Warmup warmup, Targets targets) {
        if (!(throughput > 0 && throughput <= 1e9)) {
            throw new UsageException("--throughput: " + throughput + " is not in (0, 1e9]");
        }
        ConsumerSettings settings =
                ConsumerSettings.of(Optional.ofNullable(commandConfig), commandProperties, "--command-property");
        Ranges.check("--num-records", numRecords, 1, Integer.MAX_VALUE / 2);
        Ranges.check("--record-size", recordSize, 0, MAX_RECORD_SIZE);
        // One at least, so that the consumer has joined its group when the measurement begins.
        long warmupRecords = Math.max(1, warmup.records(numRecords, recordSize, throughput));
        Load load = new Load(numRecords, warmupRecords, recordSize, Optional.empty(), "\n", throughput, 1,
                Ranges.check("--key-cardinality", keyCardinality, 0, MAX_KEYS), SEED);
        return new EndToEndSpec(producer, settings.producer(producerProperties), load, client, settings, handling.handling(),
                where.where(settings.bootstrapServers(), Optional.empty()), targets);
    }
}
