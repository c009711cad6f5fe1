package dev.millrace;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;

/** Sends one record for each file of properties, in a JVM of its own, and says on standard output what became of it. */
final class SendOneMain {

    private SendOneMain() {
    }

    /** @param args a topic, and files with a producer's properties */
    public static void main(String[] args) throws IOException, InterruptedException {
        for (String file : Arrays.asList(args).subList(1, args.length)) {
            Properties properties = new Properties();
            try (Reader reader = Files.newBufferedReader(Path.of(file))) {
                properties.load(reader);
            }
            try (Producer<String, String> producer = new MillraceProducer<>(properties)) {
                producer.send(new ProducerRecord<>(args[0], "value")).get();
                System.out.println("outcome sent 1 record");
            } catch (ExecutionException e) {
                System.out.print("outcome ");
                e.getCause().printStackTrace(System.out);
            } catch (KafkaException e) {
                System.out.print("outcome ");
                e.printStackTrace(System.out);
            }
        }
    }
}
