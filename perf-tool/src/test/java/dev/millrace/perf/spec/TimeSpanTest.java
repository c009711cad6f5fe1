package dev.millrace.perf.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TimeSpanTest {
    @ParameterizedTest
    @CsvSource({"250us, 250000", "2ms, 2000000", "1.5s, 1500000000", " 0ms , 0", "0.5us, 500", "10 ms, 10000000"})
    void shouldReadNumberAndUnit(String text, long nanos) {
        assertEquals(nanos, TimeSpan.parse(text, "--sink").toNanos());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "ms", "2", "-2ms", "2min", "2 m s", "1e3ms"})
    void shouldSayWhatIsWrong(String text) {
        String message = assertThrows(UsageException.class, () -> TimeSpan.parse(text, "--sink")).getMessage();
        assertTrue(message.startsWith("--sink: '" + text + "'"), message);
    }
}
