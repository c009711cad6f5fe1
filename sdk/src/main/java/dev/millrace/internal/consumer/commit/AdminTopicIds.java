package dev.millrace.internal.consumer.commit;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InterruptException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks the cluster, for Kafka's consumer does not tell. An admin client is there only while it is asked. Poll thread. */
public final class AdminTopicIds implements TopicIds {

    private static final Logger LOG = LoggerFactory.getLogger(AdminTopicIds.class);
    private static final long TIMEOUT_MS = 5_000;

    private final Map<String, Object> configs = new HashMap<>();

    /** @param consumerConfigs where the cluster is, and how one gets in */
    public AdminTopicIds(Map<String, Object> consumerConfigs) {
        configs.putAll(consumerConfigs);
        configs.keySet().retainAll(AdminClientConfig.configNames());
        configs.remove(AdminClientConfig.METRIC_REPORTER_CLASSES_CONFIG);
        configs.put(AdminClientConfig.ENABLE_METRICS_PUSH_CONFIG, false);
        configs.computeIfPresent(AdminClientConfig.CLIENT_ID_CONFIG, (key, id) -> id + "-topic-ids");
    }

    @Override
    public Map<String, Uuid> of(Collection<String> topics) {
        Map<String, Uuid> ids = new HashMap<>();
        Admin admin = null;
        try {
            admin = Admin.create(configs);
            Map<String, KafkaFuture<TopicDescription>> answers = admin.describeTopics(topics).topicNameValues();
            for (Map.Entry<String, KafkaFuture<TopicDescription>> answer : answers.entrySet())
                ids.put(answer.getKey(), answer.getValue().get(TIMEOUT_MS, TimeUnit.MILLISECONDS).topicId());
        } catch (ExecutionException | TimeoutException | RuntimeException e) {
            LOG.warn("The ids of {} are not known, so what is done beyond the committed offsets is not remembered: {}", topics, e.toString());
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        } finally {
            if (admin != null)
                // What was not answered by now is not waited for.
                admin.close(Duration.ZERO);
        }
        return ids;
    }
}
