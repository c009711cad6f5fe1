package dev.millrace.internal.producer.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.internals.ProducerMetadata;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.internals.ClusterResourceListeners;
import org.apache.kafka.common.requests.RequestTestUtils;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.MockTime;
import org.junit.jupiter.api.Test;

class LateMetadataTest {

    private static final int MAX_WAIT_MS = 100;

    private final MockTime time = new MockTime();
    private final ProducerMetadata metadata = new ProducerMetadata(10, 10, 300_000, 300_000, new LogContext(),
            new ClusterResourceListeners(), time);

    private void learn(int partitions) {
        metadata.updateWithCurrentRequestVersion(RequestTestUtils.metadataUpdateWith(1, Map.of("orders", partitions)), false,
                time.milliseconds());
    }

    /** It is there by then, but too late: what is told is why it was waited for. */
    @Test
    void shouldTellWhatWasMissingWhenTheAnswerCameTooLate() {
        metadata.add("orders", time.milliseconds());
        for (String told : List.of("Topic orders not present in metadata after 100 ms.",
                "Partition 2 of topic orders with partition count 1 is not present in metadata after 100 ms.")) {
            TopicMetadata topics = new TopicMetadata(metadata, time, () -> {
                time.sleep(MAX_WAIT_MS);
                learn(told.startsWith("Topic") ? 1 : 3);
            }, waitedNs -> { });
            assertEquals(told, assertThrows(TimeoutException.class,
                    () -> topics.await("orders", told.startsWith("Topic") ? 0 : 2, time.milliseconds(), MAX_WAIT_MS)).getMessage());
        }
    }
}
