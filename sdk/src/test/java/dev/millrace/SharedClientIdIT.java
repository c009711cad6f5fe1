package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.MetricName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Names of clients, given or made up, and what of them is to be seen by JMX; at a real broker. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class SharedClientIdIT {

    private static final String BEANS = "kafka.producer:*,client-id=shared";
    private static final String APP_INFO = "kafka.producer:type=app-info,id=shared";

    /** Neither two of a kind nor one of each disturb each other, and whoever watches sees the same. */
    @Test
    void shouldLiveBesideAProducerOfTheSameName() throws Exception {
        String topic = OneBroker.newTopic(1);
        List<String> kafkas = seen(Client.KAFKA, Client.KAFKA, topic);
        assertTrue(kafkas.get(0).contains("producer-topic-metrics"), () -> kafkas.get(0));
        assertNotEquals(kafkas.get(0), kafkas.get(kafkas.size() - 1));
        assertEquals(kafkas, seen(Client.MILLRACE, Client.MILLRACE, topic));
        assertEquals(kafkas, seen(Client.KAFKA, Client.MILLRACE, topic));
        assertEquals(kafkas, seen(Client.MILLRACE, Client.KAFKA, topic));
        assertEquals(16, OneBroker.readOne(topic).size());
    }

    /** The beans after each step. */
    private static List<String> seen(Client firstClient, Client secondClient, String topic) throws Exception {
        List<String> seen = new ArrayList<>();
        try (Producer<String, String> first = firstClient.producer("client.id", "shared")) {
            first.send(new ProducerRecord<>(topic, "1")).get();
            seen.add(beans());
            try (Producer<String, String> second = secondClient.producer("client.id", "shared")) {
                second.send(new ProducerRecord<>(topic, "2")).get();
                first.send(new ProducerRecord<>(topic, "3")).get();
                seen.add(beans());
            }
            seen.add(beans());
            first.send(new ProducerRecord<>(topic, "4")).get();
            seen.add(beans());
        }
        seen.add(beans());
        return seen;
    }

    private static String beans() {
        Set<String> beans = new TreeSet<>(NothingLeftBehind.beans(BEANS));
        beans.addAll(NothingLeftBehind.beans(APP_INFO));
        return String.join("\n", beans);
    }

    @Test
    void shouldShowVersionAndStart() throws Exception {
        List<String> attributes = new ArrayList<>();
        for (Client client : Client.values()) {
            long beforeMs = System.currentTimeMillis();
            try (Producer<String, String> producer = client.producer("client.id", "shared")) {
                MBeanServer server = ManagementFactory.getPlatformMBeanServer();
                ObjectName bean = new ObjectName(APP_INFO);
                StringBuilder told = new StringBuilder();
                for (MBeanAttributeInfo attribute : server.getMBeanInfo(bean).getAttributes())
                    if (!attribute.getName().equals("StartTimeMs"))
                        told.append(attribute.getName()).append('=').append(server.getAttribute(bean, attribute.getName()))
                                .append(' ');
                assertTrue((long) server.getAttribute(bean, "StartTimeMs") >= beforeMs);
                producer.metrics().forEach((name, metric) -> {
                    if (Set.of("version", "commit-id").contains(name.name()))
                        told.append(name.group()).append(' ').append(name.name()).append(name.tags()).append('=')
                                .append(metric.metricValue()).append(' ');
                });
                attributes.add(told.toString());
            }
        }
        assertTrue(attributes.get(0).contains("Version=4."), () -> attributes.get(0));
        assertEquals(attributes.get(0), attributes.get(1));
    }

    /** {@code producer-1}, {@code producer-2}, ...; counted for both kinds together. */
    @Test
    void shouldMakeUpNames() {
        List<Integer> numbers = new ArrayList<>();
        for (Client client : List.of(Client.KAFKA, Client.MILLRACE, Client.KAFKA, Client.MILLRACE))
            try (Producer<String, String> producer = client.producer()) {
                String id = clientId(producer);
                assertTrue(id.matches("producer-\\d+"), id);
                numbers.add(Integer.parseInt(id.substring("producer-".length())));
            }
        int first = numbers.get(0);
        assertEquals(List.of(first, first + 1, first + 2, first + 3), numbers);
    }

    private static String clientId(Producer<?, ?> producer) {
        return producer.metrics().keySet().stream().map(MetricName::tags).map(tags -> tags.get("client-id"))
                .filter(id -> id != null).findFirst().orElseThrow();
    }

    /** An empty name is a name. */
    @Test
    void shouldTakeAnEmptyName() throws Exception {
        String topic = OneBroker.newTopic(1);
        for (Client client : Client.values())
            try (Producer<String, String> producer = client.producer(OneBroker.config("client.id", ""))) {
                producer.send(new ProducerRecord<>(topic, "v")).get();
                assertEquals("", clientId(producer));
                assertEquals(Map.of("client-id", ""), producer.metrics().keySet().stream()
                        .filter(name -> name.name().equals("record-send-total") && name.group().equals("producer-metrics"))
                        .findFirst().orElseThrow().tags());
            }
    }
}
