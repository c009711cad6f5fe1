package dev.millrace;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/** Sends one record as a file of properties says, in a JVM of its own, and says on standard output what became of it. */
final class SendOneMain {

    private SendOneMain() {
    }

    /** @param args a file with a producer's properties, and a topic */
    public static void main(String[] args) throws IOException, InterruptedException {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(Path.of(args[0]))) {
            properties.load(reader);
        }
        try (Producer<String, String> producer =
                     new MillraceProducer<>(properties, new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>(args[1], "value")).get();
            System.out.println("sent 1 record");
        } catch (ExecutionException e) {
            e.printStackTrace(System.out);
        }
    }
}
