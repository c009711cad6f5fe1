package dev.millrace.testkit.sink;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SinkOptionsTest {
    @Test
    void shouldComeBackFromItsArguments(@TempDir Path folder) {
        SinkOptions options = new SinkOptions(3, Map.of("a=b", 5, "c", 1), 7, Duration.ofMillis(12), 9,
                SinkOptions.uncompressedBatch(4, 5), 6);
        SinkOptions parsed = SinkOptions.parse(options.toArgs(folder).toArray(new String[0]));
        assertEquals(options.topics(), parsed.topics());
        assertEquals(3, parsed.brokers());
        assertEquals(7, parsed.anyTopicPartitions());
        assertEquals(options.delay(), parsed.delay());
        assertEquals(9, parsed.maxProduceVersion());
        assertEquals(6, parsed.fetchBatches());
        assertArrayEquals(options.fetchBatch(), parsed.fetchBatch());
    }

    @Test
    void shouldSayWhatIsWrongAndWhatThereIs() {
        for (List<String> args : List.of(List.<String>of(), List.of("--any-topic"), List.of("--any-topic", "x"),
                List.of("--what", "1"), List.of("--topic", "t"), List.of("--topic", "t=0"),
                List.of("--any-topic", "1", "--brokers", "0"), List.of("--any-topic", "1", "--delay-us", "-1"),
                List.of("--any-topic", "1", "--max-produce-version", "14"),
                List.of("--any-topic", "1", "--fetch-batch", "/nowhere"))) {
            IllegalArgumentException error = assertThrows(IllegalArgumentException.class,
                    () -> SinkOptions.parse(args.toArray(new String[0])), args::toString);
            assertTrue(error.getMessage().contains("--max-produce-version N"), error.getMessage());
        }
    }
}
