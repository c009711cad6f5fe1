package dev.millrace.samples;

import dev.millrace.MillraceProducer;
import dev.millrace.testkit.KafkaCluster;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.StringSerializer;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Copies a topic into another one in upper case, exactly once, until it is stopped; {@link Copier} does it. */
@Command(name = "copy", mixinStandardHelpOptions = true, version = "copy 0.1.0-SNAPSHOT",
        description = "Copies text from one topic to another in upper case, exactly once, however often it dies in between.",
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:all was copied (without --bootstrap-server)", "1:it cannot go on", "2:a wrong option",
            "130, 143:stopped by Ctrl-C or SIGTERM, after the transaction it was in"})
public final class ExactlyOnceCopy implements Callable<Integer> {
    private static final int PARTITIONS = 3;
    private static final int LINES = 1_000;
    private static final int ATTEMPTS = 5;

    @Option(names = "--bootstrap-server", paramLabel = "HOST:PORT",
            description = "A broker of yours. Without it one is started, gets some lines to copy, and is ended afterwards.")
    private String bootstrapServers;

    @Option(names = "--from", paramLabel = "TOPIC", defaultValue = "quiet", description = "Default: ${DEFAULT-VALUE}.")
    private String from;

    @Option(names = "--to", paramLabel = "TOPIC", defaultValue = "loud", description = "Default: ${DEFAULT-VALUE}.")
    private String to;

    @Option(names = "--group", paramLabel = "NAME", defaultValue = "copy",
            description = "The instances that share the work (default: ${DEFAULT-VALUE}).")
    private String group;

    @Option(names = "--instance", paramLabel = "NAME", defaultValue = "1",
            description = "This one among them: a name of its own, the same one after a restart (default: ${DEFAULT-VALUE}).")
    private String instance;

    @Option(names = "--slow", paramLabel = "MS", defaultValue = "0",
            description = "Wait so long in each transaction, with all of it written, before it is committed: time to kill this "
                    + "process in the middle of one (default: ${DEFAULT-VALUE}).")
    private int slowMs;

    @Spec
    private CommandSpec spec;

    private final CountDownLatch ended = new CountDownLatch(1);
    /** Set by the thread that ends the process. */
    private volatile boolean stopping;
    /** Main thread only. */
    private long copied;

    /** Runs the sample; see {@code --help}. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new ExactlyOnceCopy()).setExecutionExceptionHandler((e, command, parsed) -> {
            command.getErr().println("copy: " + e.getMessage() + (e.getCause() == null ? "" : ": " + e.getCause().getMessage()));
            return CommandLine.ExitCode.SOFTWARE;
        }).execute(args));
    }

    @Override
    public Integer call() throws InterruptedException {
        if (slowMs < 0) {
            throw new ParameterException(spec.commandLine(), "--slow: " + slowMs + " is not a number from 0");
        }
        Runtime.getRuntime().addShutdownHook(new Thread(this::stop, "stop"));
        try {
            if (bootstrapServers != null) {
                copyUntil(bootstrapServers, () -> stopping);
                return 0;
            }
            System.err.println("starting a broker; --bootstrap-server uses yours");
            try (KafkaCluster cluster = KafkaCluster.builder().start()) {
                cluster.createTopic(from, PARTITIONS, 1);
                cluster.createTopic(to, PARTITIONS, 1);
                writeLines(cluster.bootstrapServers());
                copyUntil(cluster.bootstrapServers(), () -> stopping || copied >= LINES);
                return copied == LINES ? 0 : 1;
            }
        } finally {
            ended.countDown();
        }
    }

    /** Lets the transaction end that is open; after some seconds the process ends anyway, and nothing is the worse for it. */
    private void stop() {
        stopping = true;
        try {
            ended.await(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** An error that a copier does not survive ends that copier, not this program; but not one that comes at once again. */
    private void copyUntil(String servers, BooleanSupplier done) throws InterruptedException {
        for (int attempt = 1; !done.getAsBoolean(); attempt++) {
            long copiedBefore = copied;
            try (Copier copier = new Copier(servers, from, to, group, instance, text -> text.toUpperCase(Locale.ROOT), this::dawdle)) {
                while (!done.getAsBoolean()) {
                    int records = copier.copySome();
                    copied += records;
                    if (records > 0) {
                        System.out.printf("committed: %d records, %d in all%n", records, copied);
                    }
                }
            } catch (KafkaException e) {
                attempt = copied > copiedBefore ? 1 : attempt;
                if (attempt == ATTEMPTS) {
                    throw e;
                }
                System.err.println("starting again: " + e);
                TimeUnit.SECONDS.sleep(1);
            }
        }
    }

    private void dawdle() {
        if (slowMs > 0) {
            System.out.println("written, not committed");
            try {
                TimeUnit.MILLISECONDS.sleep(slowMs);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void writeLines(String servers) {
        Map<String, Object> config = Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, servers);
        try (Producer<String, String> producer =
                new MillraceProducer<>(config, new StringSerializer(), new StringSerializer())) {
            for (int i = 1; i <= LINES; i++) {
                producer.send(new ProducerRecord<>(from, "speaker-" + i % 7, "line " + i));
            }
        }
    }
}
