package dev.millrace.internal.producer.send;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.codec.CodecType;
import dev.millrace.internal.producer.send.EngineHarness.Sent;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code millrace.batch.max.bytes}: a batch that must wait anyway takes more than {@code batch.size}, and not more than that. */
class BatchGrowthTest extends EngineTest {

    private static final int BATCH = 1_000;
    private static final String VALUE = "x".repeat(90);
    private static final int RECORDS = 100;

    private List<Integer> sizesAfterBacklog(int maxBatchSize, CodecType codec) throws Exception {
        start(o -> {
            o.batchSize = BATCH;
            o.maxBatchSize = maxBatchSize;
            o.codec = codec;
            o.lingerMs = 1;
        });
        List<String> all = new ArrayList<>();
        for (int i = 0; i < RECORDS; i++) {
            all.add(VALUE + i);
            engine.append(0, VALUE + i);
        }
        List<Integer> sizes = new ArrayList<>();
        List<String> arrived = new ArrayList<>();
        for (int round = 0; round < 2 * RECORDS && arrived.size() < RECORDS; round++) {
            engine.time.sleep(1);
            engine.step();
            if (engine.requests().isEmpty())
                continue;
            Sent sent = engine.sent(0);
            sizes.add(sent.values().size());
            arrived.addAll(sent.values());
            engine.respond(0, Errors.NONE, 0);
        }
        assertTrue(all.equals(arrived), "records are missing or in another order: " + sizes);
        assertEquals(engine.pool.totalMemory(), engine.pool.availableMemory());
        return sizes;
    }

    @Test
    void shouldNotGrowUnlessTold() throws Exception {
        List<Integer> sizes = sizesAfterBacklog(0, CodecType.NONE);
        assertTrue(sizes.stream().allMatch(size -> size <= 9), "records in batches: " + sizes);
    }

    @ParameterizedTest
    @EnumSource(names = {"NONE", "LZ4"})
    void shouldGrowBehindOthers(CodecType codec) throws Exception {
        List<Integer> sizes = sizesAfterBacklog(4 * BATCH, codec);
        // The first is nobody's follower.
        int most = codec == CodecType.NONE ? 4 * BATCH / VALUE.length() : RECORDS;
        if (codec == CodecType.NONE)
            assertTrue(sizes.get(0) <= 9 && sizes.get(1) > 30, "records in batches: " + sizes);
        assertTrue(Stream.of(sizes.toArray(Integer[]::new)).allMatch(size -> size <= most), "records in batches: " + sizes);
    }
}
