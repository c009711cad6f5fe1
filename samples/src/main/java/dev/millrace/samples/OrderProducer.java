package dev.millrace.samples;

import dev.millrace.MillraceProducer;
import dev.millrace.testkit.KafkaCluster;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Sends orders as JSON, keyed by customer, and prints where each one went. The orders of one customer are always in one
 * partition, and in the order in which they were sent.
 */
public final class OrderProducer {
    private static final List<String> ITEMS = List.of("anchor", "basket", "candle", "drum");
    private static final int CUSTOMERS = 5;
    private static final int PARTITIONS = 3;

    private final Producer<String, Order> producer;
    private final String topic;
    private final AtomicInteger failed = new AtomicInteger();

    OrderProducer(Producer<String, Order> producer, String topic) {
        this.producer = producer;
        this.topic = topic;
    }

    /** Sends so many orders, waits for their acknowledgements, and returns how many failed. */
    int sendOrders(int count) {
        Random random = new Random(42);
        for (int id = 1; id <= count; id++) {
            String customer = "customer-" + random.nextInt(CUSTOMERS);
            String item = ITEMS.get(random.nextInt(ITEMS.size()));
            Order order = new Order(id, customer, item, 1 + random.nextInt(9), random.nextInt(100_000));
            producer.send(new ProducerRecord<>(topic, customer, order), (metadata, error) -> acknowledged(order, metadata, error));
        }
        producer.flush();
        return failed.get();
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

    /** Runs the sample; see {@code --help}. */
    public static void main(String[] args) {
        try {
            OrderOptions options = OrderOptions.parse(args);
            System.exit(options.help() ? help() : run(options));
        } catch (IllegalArgumentException e) {
            System.err.println("orders: " + e.getMessage() + "\nTry 'orders --help'.");
            System.exit(2);
        } catch (KafkaException e) {
            System.err.println("orders: " + e.getMessage() + (e.getCause() == null ? "" : ": " + e.getCause().getMessage()));
            System.exit(1);
        }
    }

    private static int help() {
        System.out.print(OrderOptions.HELP);
        return 0;
    }

    private static int run(OrderOptions options) {
        if (options.bootstrapServers() != null) {
            return send(options, options.bootstrapServers());
        }
        System.err.println("starting a broker; --bootstrap-server uses yours");
        try (KafkaCluster cluster = KafkaCluster.builder().start()) {
            cluster.createTopic(options.topic(), PARTITIONS, 1);
            return send(options, cluster.bootstrapServers());
        }
    }

    private static int send(OrderOptions options, String bootstrapServers) {
        Map<String, Object> config = Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers,
                ProducerConfig.COMPRESSION_TYPE_CONFIG, "zstd",
                // How long send() may wait for a broker that does not answer; a minute is long for a sample.
                ProducerConfig.MAX_BLOCK_MS_CONFIG, 10_000);
        try (Producer<String, Order> producer =
                new MillraceProducer<>(config, new StringSerializer(), new JsonSerializer<>())) {
            int failed = new OrderProducer(producer, options.topic()).sendOrders(options.orders());
            System.err.printf("%d of %d orders stored%n", options.orders() - failed, options.orders());
            return failed == 0 ? 0 : 1;
        }
    }
}
