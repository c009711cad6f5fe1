package dev.millrace.samples;

import dev.millrace.MillraceProducer;
import dev.millrace.testkit.KafkaCluster;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.StringSerializer;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Sends orders as JSON, keyed by customer, and prints where each one went. The orders of one customer are always in one
 * partition, and in the order in which they were sent.
 */
@Command(name = "orders", mixinStandardHelpOptions = true, version = "orders 0.1.0-SNAPSHOT",
        description = "Sends orders as JSON, keyed by customer, and prints the partition and offset of each.",
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:all orders are stored", "1:some are not", "2:a wrong option"})
public final class OrderProducer implements Callable<Integer> {
    private static final List<String> ITEMS = List.of("anchor", "basket", "candle", "drum");
    private static final int CUSTOMERS = 5;
    private static final int PARTITIONS = 3;

    @Option(names = "--bootstrap-server", paramLabel = "HOST:PORT",
            description = "A broker of yours. Without it one is started, and ended afterwards.")
    private String bootstrapServers;

    @Option(names = "--topic", paramLabel = "NAME", defaultValue = "orders",
            description = "Where the orders go (default: ${DEFAULT-VALUE}).")
    private String topic;

    @Option(names = "--orders", paramLabel = "N", defaultValue = "10", description = "How many (default: ${DEFAULT-VALUE}).")
    private int orders;

    @Spec
    private CommandSpec spec;

    private final AtomicInteger failed = new AtomicInteger(); // the network thread counts, this one reads

    /** Runs the sample; see {@code --help}. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new OrderProducer()).setExecutionExceptionHandler((e, command, parsed) -> {
            command.getErr().println("orders: " + e.getMessage() + (e.getCause() == null ? "" : ": " + e.getCause().getMessage()));
            return CommandLine.ExitCode.SOFTWARE;
        }).execute(args));
    }

    @Override
    public Integer call() throws KafkaException {
        if (orders < 1) {
            throw new ParameterException(spec.commandLine(), "--orders: " + orders + " is not a number above 0");
        }
        if (bootstrapServers != null) {
            return send(bootstrapServers);
        }
        System.err.println("starting a broker; --bootstrap-server uses yours");
        try (KafkaCluster cluster = KafkaCluster.builder().start()) {
            cluster.createTopic(topic, PARTITIONS, 1);
            return send(cluster.bootstrapServers());
        }
    }

    private int send(String servers) {
        Map<String, Object> config = Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, servers,
                ProducerConfig.COMPRESSION_TYPE_CONFIG, "zstd",
                // How long send() may wait for a broker that does not answer; a minute is long for a sample.
                ProducerConfig.MAX_BLOCK_MS_CONFIG, 10_000);
        try (Producer<String, Order> producer =
                new MillraceProducer<>(config, new StringSerializer(), new JsonSerializer<>())) {
            sendOrders(producer);
        }
        System.err.printf("%d of %d orders stored%n", orders - failed.get(), orders);
        return failed.get() == 0 ? 0 : 1;
    }

    private void sendOrders(Producer<String, Order> producer) {
        Random random = new Random(42);
        for (int id = 1; id <= orders; id++) {
            String customer = "customer-" + random.nextInt(CUSTOMERS);
            String item = ITEMS.get(random.nextInt(ITEMS.size()));
            Order order = new Order(id, customer, item, 1 + random.nextInt(9), random.nextInt(100_000));
            producer.send(new ProducerRecord<>(topic, customer, order), (metadata, error) -> acknowledged(order, metadata, error));
        }
    }

    /** On the producer's network thread: be quick, or hand over. */
    private void acknowledged(Order order, RecordMetadata metadata, Exception error) {
        if (error == null) {
            System.out.printf("order %d of %s: partition %d, offset %d%n",
                    order.id(), order.customer(), metadata.partition(), metadata.offset());
        } else {
            failed.incrementAndGet();
            System.err.println("order " + order.id() + " of " + order.customer() + " was not stored: " + error.getMessage());
        }
    }
}
