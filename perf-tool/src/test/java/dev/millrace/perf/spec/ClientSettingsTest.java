package dev.millrace.perf.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClientSettingsTest {
    private static ClientSettings of(String... properties) {
        return ClientSettings.of(Optional.empty(), List.of(properties));
    }

    @Test
    void shouldPutPropertiesOverTheFile(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("client.properties"), "linger.ms=7\nacks=1\n");
        Map<String, Object> settings =
                ClientSettings.of(Optional.of(file), List.of("linger.ms=9", "x=a=b")).forProducer("b:1");
        assertEquals("9", settings.get("linger.ms"));
        assertEquals("1", settings.get("acks"));
        assertEquals("a=b", settings.get("x"));
        assertEquals("b:1", settings.get("bootstrap.servers"));
    }

    @Test
    void shouldRefuseWhatIsNoSetting(@TempDir Path folder) {
        assertThrows(UsageException.class, () -> of("linger.ms"));
        assertThrows(UsageException.class, () -> of("=5"));
        assertThrows(UsageException.class, () -> of("value.serializer=x"));
        Path missing = folder.resolve("missing");
        UsageException e =
                assertThrows(UsageException.class, () -> ClientSettings.of(Optional.of(missing), List.of()));
        assertTrue(e.getMessage().contains(missing.toString()), e.getMessage());
    }

    @Test
    void shouldPutATransactionalIdOverTheSettings() {
        assertEquals(Optional.empty(), of().transactionalId());
        ClientSettings settings = of("transactional.id=t", "acks=all");
        assertEquals(Optional.of("t"), settings.transactionalId());
        assertEquals(Optional.of("u"), settings.withTransactionalId("u").transactionalId());
        assertEquals("u", settings.withTransactionalId("u").effective(Client.KAFKA, "b:1").get("transactional.id"));
        assertEquals("all", settings.withTransactionalId("u").forProducer("b:1").get("acks"));
    }

    @Test
    void shouldTellTheReasonAloneWhenAValueIsRefused() {
        String message = assertThrows(UsageException.class, () -> of("linger.ms=abc").check("b:1")).getMessage();
        assertTrue(message.contains("Invalid value abc for configuration linger.ms"), message);
    }

    @Test
    void shouldShowDefaultsAndOverridesButNoSecrets() {
        Map<String, Object> effective = of("compression.type=lz4", "acks=1", "sasl.jaas.config=secret",
                "ssl.keystore.password=secret", "my.own=secret", "retries=3")
                .effective(Client.KAFKA, "127.0.0.1:1");
        assertEquals("lz4", effective.get("compression.type"));
        assertEquals("1", effective.get("acks"));
        assertEquals("3", effective.get("retries"));
        assertEquals(16384, effective.get("batch.size"));
        assertFalse(effective.toString().contains("secret"), effective.toString());
        assertEquals("all", of().effective(Client.KAFKA, "127.0.0.1:1").get("acks"));
    }

    @Test
    void shouldNameKeysNobodyKnows() {
        ClientSettings settings = of("linger.msx=1", "linger.ms=1", "millrace.linger.adaptive=true");
        assertEquals(List.of("linger.msx", "millrace.linger.adaptive"), settings.unknownKeys(Client.KAFKA));
        assertEquals(List.of("linger.msx"), settings.unknownKeys(Client.MILLRACE));
    }

    @Test
    void shouldShowSettingsOfMillracesOwnWhereTheyCount() {
        ClientSettings settings = of("millrace.linger.adaptive=true");
        assertEquals("true", settings.effective(Client.MILLRACE, "b:1").get("millrace.linger.adaptive"));
        assertFalse(settings.effective(Client.KAFKA, "b:1").containsKey("millrace.linger.adaptive"));
    }

    @Test
    void shouldGiveTheAdminClientTheWayToTheBrokersAndNothingElse() {
        Map<String, Object> admin = of("security.protocol=SSL", "batch.size=1", "request.timeout.ms=1").forAdmin("b:1");
        assertEquals("SSL", admin.get("security.protocol"));
        assertFalse(admin.containsKey("batch.size"));
        assertFalse(admin.containsKey("request.timeout.ms"));
    }
}
