package dev.millrace.perf.load;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class WarmUpTest {

    private final List<Long> rounds = new ArrayList<>();
    private final StopSignal stop = new StopSignal();
    private final WarmUp warmUp = new WarmUp(Clock.SYSTEM, stop);

    @Test
    void shouldSendAFewInOneRound() {
        assertEquals(new WarmUp.Result(99_999, 0, ""), warmUp.send(99_999, count -> round(count, 0)));
        assertEquals(List.of(99_999L), rounds);
    }

    @Test
    void shouldSendManyInRoundsAndAddThemUp() {
        assertEquals(new WarmUp.Result(100_000, 3, "{timeout=late}"), warmUp.send(100_003, count -> round(count, count == 25_000 ? 0 : 1)));
        assertEquals(List.of(25_001L, 25_001L, 25_001L, 25_000L), rounds);
    }

    @Test
    void shouldSendNothing() {
        assertEquals(new WarmUp.Result(0, 0, ""), warmUp.send(0, count -> round(count, 0)));
        assertEquals(List.of(), rounds);
    }

    @Test
    void shouldNotGoOnWhenStopped() {
        warmUp.send(400_000, count -> {
            stop.request();
            return round(count, 0);
        });
        assertEquals(1, rounds.size());
    }

    private PhaseResult round(long count, long failed) {
        rounds.add(count);
        return new PhaseResult(1, count, count - failed, failed, failed == 0 ? Map.of() : Map.of("timeout", "late"), 0,
                IntervalHistogram.empty(), IntervalHistogram.empty(), IntervalHistogram.empty(), 0, 0, 0, false, Optional.empty(),
                new PhaseResult.Cost(1, 1, 1, 1, 1, 1));
    }
}
