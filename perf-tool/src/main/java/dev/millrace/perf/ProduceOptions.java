package dev.millrace.perf;

import dev.millrace.perf.spec.Client;
import dev.millrace.perf.spec.ClientSettings;
import dev.millrace.perf.spec.Load;
import dev.millrace.perf.spec.ProduceSpec;
import dev.millrace.perf.spec.Targets;
import dev.millrace.perf.spec.TimeSpan;
import dev.millrace.perf.spec.Transactional;
import dev.millrace.perf.spec.UsageException;
import dev.millrace.perf.spec.Warmup;
import dev.millrace.perf.spec.Where;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * The options that say what to run, of every command that runs a producer; named as in kafka-producer-perf-test where that has
 * them.
 */
final class ProduceOptions {
    private static final int DEFAULT_RECORD_SIZE = 100;
    /** A record batch counts its bytes in an int. */
    private static final int MAX_RECORD_SIZE = 1 << 30;
    private static final int MAX_KEYS = 10_000_000;
    /** As in kafka-producer-perf-test. */
    private static final long DEFAULT_TRANSACTION_MS = 3_000;
    private static final long SEED = 20_261_121;

    @Option(names = "--client", paramLabel = "CLIENT", defaultValue = "millrace",
            description = "The producer to measure: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Client client;

    @Option(names = "--num-records", paramLabel = "N", defaultValue = "1000000",
            description = "Records to send (default: ${DEFAULT-VALUE}).")
    private long numRecords;

    @Option(names = "--record-size", paramLabel = "BYTES",
            description = "Bytes of each value, which looks like a JSON event (default: 100).")
    private Integer recordSize;

    @Option(names = "--payload-file", paramLabel = "FILE",
            description = "Send the values in this UTF-8 file, in turn, instead of generated ones.")
    private Path payloadFile;

    @Option(names = "--payload-delimiter", paramLabel = "TEXT", defaultValue = "\\n",
            description = "What separates the values in the payload file; \\n, \\r and \\t are understood (default: a line feed).")
    private String payloadDelimiter;

    @Option(names = "--key-cardinality", paramLabel = "N", defaultValue = "0",
            description = "Give each record one of N keys, drawn evenly; 0: no keys (default: ${DEFAULT-VALUE}).")
    private int keyCardinality;

    @Option(names = "--throughput", paramLabel = "RECORDS/S", defaultValue = "-1",
            description = "Send by a schedule of so many records a second, whatever the acknowledgements do (open loop); "
                    + "-1: as fast as the client takes them (default: ${DEFAULT-VALUE}).")
    private double throughput;

    @Option(names = "--threads", paramLabel = "N", defaultValue = "1",
            description = "Calling threads that share the one producer (default: ${DEFAULT-VALUE}).")
    private int threads;

    @Option(names = "--transactional-id", paramLabel = "ID",
            description = "Send in transactions, under this id; goes over a transactional.id of --command-property and "
                    + "--command-config (default with --transaction-duration-ms: millrace-perf- and a random UUID).")
    private String transactionalId;

    @Option(names = "--transaction-duration-ms", paramLabel = "MS",
            description = "Send in transactions, and commit one after the first record by which it has lasted that long "
                    + "(default with a transactional id: 3000).")
    private Long transactionDurationMs;

    @Option(names = "--sink", paramLabel = "DELAY", arity = "0..1", fallbackValue = "0ms",
            description = "Send to a process that acknowledges, at once or after the delay (2ms), and stores nothing: measures "
                    + "the client without a broker's work.")
    private String sink;

    @Mixin
    private WhereOptions where;

    @Option(names = "--command-property", paramLabel = "KEY=VALUE", arity = "1..*",
            description = "A setting of the client, over those of --command-config; may be given often.")
    private List<String> commandProperties = new ArrayList<>();

    @Option(names = "--command-config", paramLabel = "FILE",
            description = "A properties file with settings of the client (security too).")
    private Path commandConfig;

    /**
     * Puts the options together.
     *
     * @param warmup what is sent before the measurement
     * @throws UsageException naming the option that is wrong, and why
     */
    ProduceSpec toSpec(Warmup warmup, Targets targets) {
        ClientSettings settings = ClientSettings.of(Optional.ofNullable(commandConfig), commandProperties);
        Where to = where.where(settings.bootstrapServers(), Optional.ofNullable(sink).map(text -> TimeSpan.parse(text, "--sink")));
        Optional<Transactional> transactional = transactional(settings);
        if (transactional.isPresent()) {
            settings = settings.withTransactionalId(transactional.get().id());
        }
        return new ProduceSpec(client, settings, load(warmup), transactional, to, targets);
    }

    /** One of the two options is enough, and so is the id among the client's settings. */
    private Optional<Transactional> transactional(ClientSettings settings) {
        Optional<String> id = transactionalId == null ? settings.transactionalId() : Optional.of(transactionalId);
        if (id.isEmpty() && transactionDurationMs == null) {
            return Optional.empty();
        }
        if (sink != null) {
            throw new UsageException("--sink and transactions exclude each other: the sink has no transaction coordinator");
        }
        long durationMs = transactionDurationMs == null ? DEFAULT_TRANSACTION_MS
                : Ranges.check("--transaction-duration-ms", transactionDurationMs, 1, Integer.MAX_VALUE);
        return Optional.of(new Transactional(
                id.orElseGet(() -> "millrace-perf-" + UUID.randomUUID()), Duration.ofMillis(durationMs)));
    }

    private Load load(Warmup warmup) {
        if (recordSize != null && payloadFile != null) {
            throw new UsageException("--record-size and --payload-file exclude each other: the file's values have their sizes");
        }
        if (throughput != -1 && !(throughput > 0 && throughput <= 1e9)) {
            throw new UsageException("--throughput: " + throughput + " is neither -1 nor in (0, 1e9]");
        }
        int size = recordSize == null ? DEFAULT_RECORD_SIZE : Ranges.check("--record-size", recordSize, 0, MAX_RECORD_SIZE);
        Ranges.check("--num-records", numRecords, 1, Long.MAX_VALUE / 2);
        if (payloadDelimiter.isEmpty()) {
            throw new UsageException("--payload-delimiter: it is empty");
        }
        return new Load(
                numRecords,
                warmup.records(numRecords, size, throughput),
                size,
                Optional.ofNullable(payloadFile),
                payloadDelimiter.replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t"),
                throughput,
                Ranges.check("--threads", threads, 1, 1024),
                Ranges.check("--key-cardinality", keyCardinality, 0, MAX_KEYS),
                SEED);
    }
}
