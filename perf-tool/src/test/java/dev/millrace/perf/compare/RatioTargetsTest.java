package dev.millrace.perf.compare;

import static dev.millrace.perf.compare.Comparisons.pair;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.perf.spec.UsageException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RatioTargetsTest {
    private static RatioTarget.Result check(String expression, double[]... cpu) {
        return Comparisons.ofCpu(cpu).targets(expression).make().targetResults().get(0);
    }

    private static double[][] ratios(double... ratios) {
        double[][] pairs = new double[ratios.length][];
        for (int i = 0; i < pairs.length; i++) {
            pairs[i] = pair(ratios[i], 1);
        }
        return pairs;
    }

    @ParameterizedTest
    @CsvSource({"cpu_s_per_million<=0.5, true", "cpu_s_per_million<=0.49, false", "cpu_s_per_million<0.5, false",
        "cpu_s_per_million < 0.51x, true", "records_per_s>=2, true", "records_per_s>2, false", "records_per_s>=2.1x, false",
        "detail.cpu_user_s_per_million<=0.5, true", "records_per_s>=1_0, false"})
    void shouldCompareTheMedianRatioWithTheLimit(String expression, boolean met) {
        RatioTarget.Result result = check(expression, ratios(0.4, 0.5, 0.7));
        assertEquals(met, result.met());
        assertEquals(expression.startsWith("rec") ? 2 : 0.5, result.measured());
        assertTrue(!result.inconclusive());
    }

    /** One good median is not enough when a pair says the contrary. */
    @Test
    void shouldNeverReachATargetThePairsDoNotAgreeAbout() {
        RatioTarget.Result result = check("cpu_s_per_million<=0.5", ratios(0.4, 0.4, 1.1));
        assertEquals(0.4, result.measured());
        assertTrue(result.inconclusive() && !result.met());
        assertTrue(check("cpu_s_per_million<=1.05", ratios(0.9, 1, 1.1)).inconclusive());
        assertTrue(check("cpu_s_per_million<=0.5", ratios(0.4)).inconclusive(), "one pair");
        assertEquals(3, Comparisons.ofCpu(ratios(0.4, 0.4, 1.1)).targets("cpu_s_per_million<=0.5").make().exitCode());
    }

    /** Which side is better is open, but that none is worse by more than the limit is not. */
    @Test
    void shouldReachALimitBeyondOneWhenEveryPairDoes() {
        RatioTarget.Result result = check("cpu_s_per_million<=1.05", ratios(0.9, 1, 1.05));
        assertTrue(result.met() && !result.inconclusive());
        assertTrue(check("records_per_request>=1", ratios(1, 1)).met());
        assertTrue(check("cpu_s_per_million<=1.05", ratios(1)).inconclusive(), "one pair");
    }

    @Test
    void shouldCompareTheMedianOfOneSide() {
        assertTrue(check("a.alloc_bytes_per_record<=64", ratios(0.5, 0.6, 1.5)).met());
        assertEquals(60, check("a.alloc_bytes_per_record<=59", ratios(0.5, 0.6, 1.5)).measured());
        assertEquals(100, check("b.alloc_bytes_per_record<=100", ratios(0.5)).measured());
        assertTrue(check("b.alloc_bytes_per_record<=100", ratios(0.5)).met());
    }

    @Test
    void shouldCompareTheMedianDifference() {
        assertTrue(check("a-b.alloc_bytes_per_record<=50", ratios(1.1, 1.5, 9)).met());
        assertEquals(50, check("a-b.alloc_bytes_per_record<=49", ratios(1.1, 1.5, 9)).measured(), 1e-9);
        assertTrue(!check("a-b.alloc_bytes_per_record<=49", ratios(1.1, 1.5, 9)).met());
        assertTrue(check("a-b.alloc_bytes_per_record<=0", ratios(0.5)).met(), "A may be below B");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "cpu", "cpu<0.5", "cpu_s_per_million", "cpu_s_per_million<=", "cpu_s_per_million=0.5",
        "cpu_s_per_million<=half", "p99<5ms", "c.cpu_s_per_million<=1", "cpu_s_per_million<=-1", "errors=0"})
    void shouldNameTheExpressionWhenItIsWrong(String expression) {
        String message = assertThrows(UsageException.class, () -> RatioTargets.parse(List.of("records_per_s>=1," + expression),
                ProduceRuns.FIGURES))
                .getMessage();
        assertTrue(message.contains("--target '" + expression + "'"), message);
    }

    @Test
    void shouldRefuseTargetsAboutWhatSuchRunsDoNotHave() {
        Comparison closed = Comparisons.ofCpu(pair(1, 1)).make();
        assertRefused("add --throughput", closed, "response_ms.p99<=1");
        assertRefused("with transactions", closed, "transactions.commit_ms.p50<=1");
        Comparison open = Comparisons.ofCpu(pair(1, 1)).throughput(10).records(9_999).make();
        assertRefused("needs at least 10,000 records", open, "response_ms.p99_9<=1");
        RatioTargets.parse(List.of("response_ms.p99<=1"), ProduceRuns.FIGURES).check(open.asked());
    }

    private static void assertRefused(String said, Comparison comparison, String target) {
        RatioTargets targets = RatioTargets.parse(List.of(target), ProduceRuns.FIGURES);
        String message = assertThrows(UsageException.class,
                () -> targets.check(comparison.asked())).getMessage();
        assertTrue(message.contains(said), message);
    }
}
