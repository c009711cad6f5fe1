package dev.millrace.samples;

import dev.millrace.MillraceProducer;
import dev.millrace.ParallelConsumer;
import dev.millrace.consumer.DeadLetters;
import dev.millrace.consumer.ProcessingOrder;
import dev.millrace.consumer.RecordContext;
import dev.millrace.consumer.RetryPolicy;
import dev.millrace.testkit.KafkaCluster;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Delivers orders on many threads: those of one customer in their order, what fails for now again later, and what fails for good to the dead
 * letters. An order is committed when it is delivered or a dead letter, not before.
 */
@Command(name = "deliver", mixinStandardHelpOptions = true, version = "deliver 0.1.0-SNAPSHOT",
        description = "Delivers orders on many threads, those of one customer in their order, with retries and dead letters.",
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:all is done (without --bootstrap-server)", "1:it cannot go on", "2:a wrong option",
            "130, 143:stopped by Ctrl-C or SIGTERM, after the deliveries it was in"})
public final class OrderDelivery implements Callable<Integer> {
    private static final int PARTITIONS = 3;
    private static final int CUSTOMERS = 20;
    private static final int ORDERS = 500;
    private static final int BAD_ORDERS = 2;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Option(names = "--bootstrap-server", paramLabel = "HOST:PORT",
            description = "A broker of yours. Without it one is started, gets some orders, and is ended afterwards.")
    private String bootstrapServers;

    @Option(names = "--topic", paramLabel = "NAME", defaultValue = "orders",
            description = "Where the orders come from; the dead letters go to NAME.dead (default: ${DEFAULT-VALUE}).")
    private String topic;

    @Option(names = "--group", paramLabel = "NAME", defaultValue = "deliveries",
            description = "The instances that share the work (default: ${DEFAULT-VALUE}).")
    private String group;

    @Option(names = "--concurrency", paramLabel = "N", defaultValue = "16",
            description = "Deliveries at a time (default: ${DEFAULT-VALUE}).")
    private int concurrency;

    @Spec
    private CommandSpec spec;

    private final Warehouse warehouse = new Warehouse();
    private final CountDownLatch toDeliver = new CountDownLatch(ORDERS - BAD_ORDERS);

    /** Runs the sample; see {@code --help}. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new OrderDelivery()).setExecutionExceptionHandler((e, command, parsed) -> {
            command.getErr().println("deliver: " + e.getMessage() + (e.getCause() == null ? "" : ": " + e.getCause().getMessage()));
            return CommandLine.ExitCode.SOFTWARE;
        }).execute(args));
    }

    @Override
    public Integer call() throws InterruptedException {
        if (concurrency < 1) {
            throw new ParameterException(spec.commandLine(), "--concurrency: " + concurrency + " is not a number above 0");
        }
        if (bootstrapServers != null) {
            return deliverUntilStopped(bootstrapServers);
        }
        System.err.println("starting a broker; --bootstrap-server uses yours");
        try (KafkaCluster cluster = KafkaCluster.builder().start()) {
            cluster.createTopic(topic, PARTITIONS, 1);
            cluster.createTopic(topic + ".dead", 1, 1);
            return deliverSome(cluster.bootstrapServers());
        }
    }

    /** What a service is made of. */
    private ParallelConsumer<String, Order> consumer(String servers, Producer<byte[], byte[]> producer) {
        Map<String, Object> config = Map.of(
                ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, servers,
                ConsumerConfig.GROUP_ID_CONFIG, group,
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest",
                ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, StringDeserializer.class,
                ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, JsonDeserializer.Orders.class);
        return ParallelConsumer.<String, Order>builder(config)
                .topics(topic)
                .ordering(ProcessingOrder.KEY)
                .concurrency(concurrency)
                .handler(this::deliver)
                .retry(RetryPolicy.exponential(Duration.ofMillis(100), Duration.ofSeconds(30)).maxAttempts(8)
                        .notOn(IllegalArgumentException.class))
                .deadLetters(DeadLetters.toTopic(topic + ".dead", producer))
                .build();
    }

    /** On one of the consumer's threads; the next order of the same customer waits for its end. */
    private void deliver(ConsumerRecord<String, Order> record, RecordContext context) throws Exception {
        Order order = record.value();
        try {
            warehouse.deliver(order);
        } catch (Warehouse.BusyException e) {
            System.out.printf("order %d of %s: %s%n", order.id(), order.customer(), e.getMessage());
            throw e;
        }
        System.out.printf("order %d of %s: delivered%s%n", order.id(), order.customer(),
                context.attempt() == 1 ? "" : ", at attempt " + context.attempt());
        toDeliver.countDown();
    }

    private static Producer<byte[], byte[]> producer(String servers) {
        return new MillraceProducer<>(Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, servers), new ByteArraySerializer(),
                new ByteArraySerializer());
    }

    private int deliverUntilStopped(String servers) throws InterruptedException {
        try (Producer<byte[], byte[]> producer = producer(servers); ParallelConsumer<String, Order> consumer = consumer(servers, producer)) {
            Thread stop = new Thread(consumer::close, "stop");
            Runtime.getRuntime().addShutdownHook(stop);
            consumer.start();
            while (!consumer.awaitTermination(PATIENCE)) {
                System.err.println(consumer.status());
            }
            // Stopped; it would have thrown otherwise. The one who stopped it ends the process.
            stop.join();
            return 0;
        }
    }

    private int deliverSome(String servers) throws InterruptedException {
        try (Producer<byte[], byte[]> producer = producer(servers); ParallelConsumer<String, Order> consumer = consumer(servers, producer)) {
            sendOrders(producer);
            consumer.start();
            boolean delivered = toDeliver.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            int letters = readDeadLetters(servers);
            System.err.printf("%d orders delivered, %d dead letters%n", ORDERS - BAD_ORDERS - toDeliver.getCount(), letters);
            return delivered && letters == BAD_ORDERS ? 0 : 1;
        }
    }

    /** One in the middle is no order, and of another one nothing is wanted. */
    private void sendOrders(Producer<byte[], byte[]> producer) throws KafkaException {
        JsonSerializer<Order> json = new JsonSerializer<>();
        for (int id = 1; id <= ORDERS; id++) {
            String customer = "customer-" + id % CUSTOMERS;
            Order order = new Order(id, customer, "anchor", id == 123 ? 0 : 1, 9_900);
            byte[] value = id == 321 ? "three anchors, please".getBytes(StandardCharsets.UTF_8) : json.serialize(topic, order);
            producer.send(new ProducerRecord<>(topic, customer.getBytes(StandardCharsets.UTF_8), value));
        }
        producer.flush();
    }

    /** What somebody who cares for dead letters sees: the record as it came, and in its headers what happened to it. */
    private int readDeadLetters(String servers) {
        int letters = 0;
        try (Consumer<String, byte[]> reader = new KafkaConsumer<>(Map.of(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, servers),
                new StringDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partition = List.of(new TopicPartition(topic + ".dead", 0));
            reader.assign(partition);
            reader.seekToBeginning(partition);
            long deadlineNs = System.nanoTime() + PATIENCE.toNanos();
            while (letters < BAD_ORDERS && System.nanoTime() - deadlineNs < 0) {
                for (ConsumerRecord<String, byte[]> letter : reader.poll(Duration.ofMillis(100))) {
                    letters++;
                    System.out.printf("dead letter of %s: %s, after %s attempts: %s%n", letter.key(), text(letter, DeadLetters.MESSAGE),
                            text(letter, DeadLetters.ATTEMPTS), new String(letter.value(), StandardCharsets.UTF_8));
                }
            }
        }
        return letters;
    }

    private static String text(ConsumerRecord<?, ?> letter, String header) {
        return new String(letter.headers().lastHeader(header).value(), StandardCharsets.UTF_8);
    }
}
