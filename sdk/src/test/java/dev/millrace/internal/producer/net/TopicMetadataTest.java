package dev.millrace.internal.producer.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.apache.kafka.clients.producer.internals.ProducerMetadata;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.internals.ClusterResourceListeners;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.MetadataResponse;
import org.apache.kafka.common.requests.RequestTestUtils;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.MockTime;
import org.junit.jupiter.api.Test;

/** Asking for a topic without waiting for the answer. */
class TopicMetadataTest {

    private static final long BACKOFF_MS = 100;

    private final MockTime time = new MockTime(0, 1_700_000_000_000L, 0);
    private final ProducerMetadata kafkas = new ProducerMetadata(BACKOFF_MS, BACKOFF_MS, 300_000, 300_000, new LogContext(),
            new ClusterResourceListeners(), time);
    private int wakeups;
    private final TopicMetadata metadata = new TopicMetadata(kafkas, time, () -> wakeups++, waitedNs -> { });

    private void answer(MetadataResponse response) {
        kafkas.updateWithCurrentRequestVersion(response, false, time.milliseconds());
    }

    private static MetadataResponse topics(Map<String, Integer> partitions) {
        return RequestTestUtils.metadataUpdateWith(1, partitions);
    }

    @Test
    void shouldGiveWhatIsKnown() {
        assertNull(metadata.poll("t", null, time.milliseconds()));
        answer(topics(Map.of("t", 2)));
        assertSame(kafkas.fetch(), metadata.poll("t", null, time.milliseconds()));
        assertSame(kafkas.fetch(), metadata.poll("t", 1, time.milliseconds()));
    }

    @Test
    void shouldAskOnceHoweverOftenItIsCalled() {
        for (int i = 0; i < 100; i++)
            assertNull(metadata.poll("t", null, time.milliseconds()));
        assertEquals(1, wakeups);
        assertTrue(kafkas.updateRequested());
        assertTrue(kafkas.containsTopic("t"));
        int version = kafkas.newMetadataRequestAndVersion(time.milliseconds()).requestVersion;
        // While the request is on its way, too: its answer must not be followed by another request at once.
        metadata.poll("t", null, time.milliseconds());
        kafkas.update(version, topics(Map.of()), true, time.milliseconds());
        assertFalse(kafkas.updateRequested());
    }

    @Test
    void shouldAskAgainAfterTheAnswerAndItsBackoff() {
        metadata.poll("t", null, time.milliseconds());
        answer(RequestTestUtils.metadataUpdateWith("c", 1, Map.of("t", Errors.UNKNOWN_TOPIC_OR_PARTITION), Map.of()));
        for (int i = 0; i < 100; i++)
            assertNull(metadata.poll("t", null, time.milliseconds()));
        assertTrue(kafkas.updateRequested());
        long backoffMs = kafkas.timeToNextUpdate(time.milliseconds());
        assertTrue(backoffMs >= BACKOFF_MS / 2, () -> backoffMs + " ms");
    }

    @Test
    void shouldAskForPartitionsThatAreToCome() {
        metadata.poll("t", null, time.milliseconds());
        answer(topics(Map.of("t", 2)));
        assertNull(metadata.poll("t", 2, time.milliseconds()));
        answer(topics(Map.of("t", 3)));
        assertSame(kafkas.fetch(), metadata.poll("t", 2, time.milliseconds()));
    }

    @Test
    void shouldTellOfTopicsThatAreForbiddenOrImpossible() {
        metadata.poll("t", null, time.milliseconds());
        answer(RequestTestUtils.metadataUpdateWith("c", 1, Map.of("t", Errors.TOPIC_AUTHORIZATION_FAILED), Map.of()));
        assertThrows(TopicAuthorizationException.class, () -> metadata.poll("t", null, time.milliseconds()));
        // Rights may have been given since.
        assertNull(metadata.poll("t", null, time.milliseconds()));
        assertNull(metadata.poll("no topic", null, time.milliseconds()));
        answer(RequestTestUtils.metadataUpdateWith("c", 1, Map.of("no topic", Errors.INVALID_TOPIC_EXCEPTION), Map.of()));
        assertThrows(InvalidTopicException.class, () -> metadata.poll("no topic", null, time.milliseconds()));
        assertThrows(InvalidTopicException.class, () -> metadata.poll("no topic", null, time.milliseconds()));
    }
}
