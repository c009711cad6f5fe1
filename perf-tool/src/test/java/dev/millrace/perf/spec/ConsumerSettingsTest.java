package dev.millrace.perf.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConsumerSettingsTest {
    private static ConsumerSettings of(String... properties) {
        return ConsumerSettings.of(Optional.empty(), List.of(properties), "--command-property");
    }

    @Test
    void shouldReadFromTheBeginningInAGroupOfItsOwnUnlessOneIsNamed() {
        Map<String, Object> settings = of("max.poll.records=7").forConsumer("b:1", "made-up", RecordForm.BYTE_BUFFER);
        assertEquals("earliest", settings.get("auto.offset.reset"));
        assertEquals("made-up", settings.get("group.id"));
        assertEquals("7", settings.get("max.poll.records"));
        assertTrue(settings.get("value.deserializer").toString().endsWith("ByteBufferDeserializer"));
        assertEquals("mine", of("group.id=mine").forConsumer("b:1", "made-up", RecordForm.BYTE_ARRAY).get("group.id"));
        assertEquals(Optional.of("mine"), of("group.id=mine").group());
    }

    @ParameterizedTest
    @ValueSource(strings = {"key.deserializer=x", "value.deserializer=x", "auto.offset.reset=latest", "fetch.min.bytes"})
    void shouldRefuseWhatItSetsItselfOrIsNoSetting(String property) {
        assertThrows(UsageException.class, () -> of(property));
    }

    @Test
    void shouldTellTheReasonAloneWhenAValueIsRefused() {
        String message = assertThrows(UsageException.class, () -> of("fetch.min.bytes=abc").check("b:1")).getMessage();
        assertTrue(message.contains("Invalid value abc for configuration fetch.min.bytes"), message);
    }

    @Test
    void shouldGiveTheProducerTheWayToTheBrokersAndNothingElse() {
        ClientSettings producer = of("security.protocol=SSL", "interceptor.classes=x", "client.id=y", "fetch.min.bytes=3")
                .producer(List.of("linger.ms=9"));
        Map<String, Object> settings = producer.forProducer("b:1");
        assertEquals("SSL", settings.get("security.protocol"));
        assertEquals("9", settings.get("linger.ms"));
        assertFalse(settings.containsKey("interceptor.classes") || settings.containsKey("fetch.min.bytes"), settings::toString);
        String message = assertThrows(UsageException.class, () -> of().producer(List.of("linger.ms"))).getMessage();
        assertTrue(message.startsWith("--producer-property:"), message);
    }

    @Test
    void shouldShowDefaultsAndOverridesButNoSecrets() {
        Map<String, Object> effective = of("fetch.min.bytes=5", "sasl.jaas.config=secret", "my.own=secret", "fetch.max.wait.ms=1")
                .effective(ConsumeClient.KAFKA, "b:1");
        assertEquals(5, effective.get("fetch.min.bytes"));
        assertEquals(500, effective.get("max.poll.records"));
        assertFalse(effective.toString().contains("secret"), effective::toString);
        assertEquals(List.of("my.own"), of("my.own=x", "max.poll.records=3").unknownKeys(ConsumeClient.KAFKA));
    }

    @Test
    void shouldReadCommittedWhenTold() {
        assertTrue(of("isolation.level=read_committed").readsCommitted());
        assertFalse(of().readsCommitted());
    }
}
