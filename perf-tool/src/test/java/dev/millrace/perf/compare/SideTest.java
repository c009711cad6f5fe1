package dev.millrace.perf.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.perf.spec.UsageException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SideTest {
    private static Side side(String... lists) {
        return Side.parse("A", List.of(lists), SideKeys.PRODUCE);
    }

    private static void assertRefused(String said, Runnable call) {
        String message = assertThrows(UsageException.class, call::run).getMessage();
        assertTrue(message.contains(said), message);
    }

    @Test
    void shouldTakeTheClientItsSettingsAndOptionsOfTheRun() {
        Side side = side("client=kafka, linger.ms=0", "threads=4,batch.size = 65536");
        assertEquals(Optional.of("kafka"), side.client());
        assertEquals(List.of("linger.ms=0", "batch.size=65536"), side.settings());
        assertEquals(List.of("--threads=4"), side.options());
        assertEquals(List.of("--client=kafka", "--threads=4", "--command-property=linger.ms=0",
                "--command-property=batch.size=65536"), side.arguments());
        assertEquals("client=kafka, linger.ms=0, threads=4, batch.size=65536", side.description());
    }

    @Test
    void shouldBeAllowedToChangeNothing() {
        assertEquals(List.of(), side().arguments());
        assertEquals("nothing changed", side().description());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "interceptor.classes=a.B,c.D | 1 | interceptor.classes=a.B,c.D",
        "interceptor.classes=a.B,c.D,acks=1 | 2 | interceptor.classes=a.B,c.D",
        "sasl.jaas.config=x user=\"u\"\\,pw=\"p\" | 1 | sasl.jaas.config=x user=\"u\",pw=\"p\"",
        "a.b=c=d | 1 | a.b=c=d",
        "a.b= | 1 | a.b="})
    void shouldLeaveCommasInValuesAlone(String list, int count, String first) {
        assertEquals(count, side(list).settings().size());
        assertEquals(first, side(list).settings().get(0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "linger.ms", "=5", " =5", "client", "client=other"})
    void shouldRefuseWhatIsNoPair(String list) {
        assertRefused("--a: ", () -> side(list));
        assertRefused("--b: ", () -> Side.parse("B", List.of(list), SideKeys.PRODUCE));
    }

    @Test
    void shouldRefuseKeysThatWouldChangeNothing() {
        assertRefused("no setting of client kafka is called linger.msx; beside the client's settings there are client and "
                + "key-cardinality, partitions, record-size, threads", () -> side("linger.msx=1")
                .check(SideKeys.PRODUCE, "kafka", Optional.empty()));
        assertRefused("is called millrace.linger.adaptive",
                () -> side("millrace.linger.adaptive=1").check(SideKeys.PRODUCE, "kafka", Optional.empty()));
        side("millrace.linger.adaptive=1").check(SideKeys.PRODUCE, "millrace", Optional.empty());
        side("linger.ms=1,threads=3,partitions=4").check(SideKeys.PRODUCE, "kafka", Optional.empty());
    }

    @Test
    void shouldRefuseOtherBrokersAndPartitionsThatAreFixed() {
        assertRefused("same brokers", () -> side("bootstrap.servers=b:1").check(SideKeys.PRODUCE, "kafka", Optional.empty()));
        assertRefused("--a: partitions: because", () -> side("partitions=4").check(SideKeys.PRODUCE, "kafka", Optional.of("because")));
        assertRefused("sets the serializers itself", () -> side("key.serializer=x")
                .check(SideKeys.PRODUCE, "kafka", Optional.empty()));
    }

    @Test
    void shouldTakeWhatConsumersDifferIn() {
        Side side = Side.parse("A", List.of("client=millrace,ordering=key,virtual-threads=true,max.poll.records=9"), SideKeys.CONSUME);
        assertEquals(List.of("--client=millrace", "--ordering=key", "--virtual-threads=true", "--command-property=max.poll.records=9"),
                side.arguments());
        side.check(SideKeys.CONSUME, "millrace", Optional.empty());
        assertRefused("ordering says nothing to client kafka", () -> side.check(SideKeys.CONSUME, "kafka", Optional.empty()));
        assertRefused("is called linger.ms", () -> Side.parse("A", List.of("linger.ms=1"), SideKeys.CONSUME)
                .check(SideKeys.CONSUME, "kafka", Optional.empty()));
        assertRefused("there are [millrace, kafka, pool]", () -> Side.parse("A", List.of("client=x"), SideKeys.CONSUME));
        assertRefused("--a: record-size: because", () -> Side.parse("A", List.of("record-size=1"), SideKeys.CONSUME)
                .check(SideKeys.CONSUME, "kafka", Optional.of("because")));
    }
}
