package dev.millrace.perf.compare;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.perf.compare.Comparison.Pair;
import java.util.List;

/** A comparison as programs read it. The keys are stable and documented in docs/perf-tool.md; what is not known is null. */
public final class ComparisonJson {
    private static final ObjectMapper MAPPER = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private ComparisonJson() {
    }

    /** One JSON object, ended by a line feed. */
    public static String of(Comparison comparison) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("rounds", comparison.pairs().size());
        ObjectNode sides = json.putObject("sides");
        sides.set("a", MAPPER.valueToTree(comparison.a().asked()));
        sides.set("b", MAPPER.valueToTree(comparison.b().asked()));
        json.set("a", comparison.mediansOfA());
        json.set("b", comparison.mediansOfB());
        json.set("ratios", ratios(comparison.figures()));
        json.put("verdict", comparison.overall());
        json.set("verdicts", verdicts(comparison));
        json.set("targets", targets(comparison.targetResults()));
        json.put("exit_code", comparison.exitCode());
        json.put("stopped", comparison.stopped());
        json.set("not_valid", MAPPER.valueToTree(comparison.notValid()));
        json.set("runs", runs(comparison.pairs()));
        try {
            return MAPPER.writeValueAsString(json) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of plain values was not written", e);
        }
    }

    private static ObjectNode ratios(List<FigureResult> figures) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        for (FigureResult result : figures) {
            result.ratio().ifPresentOrElse(
                    ratio -> {
                        ObjectNode of = json.putObject(result.figure().metric());
                        of.set("median", Medians.number(ratio.median()));
                        of.set("min", Medians.number(ratio.min()));
                        of.set("max", Medians.number(ratio.max()));
                    },
                    () -> json.putNull(result.figure().metric()));
        }
        return json;
    }

    private static ObjectNode verdicts(Comparison comparison) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        comparison.figures().forEach(result ->
                json.put(result.figure().metric(), result.verdict().map(Verdict::toString).orElse(null)));
        return json;
    }

    private static ArrayNode targets(List<RatioTarget.Result> results) {
        ArrayNode json = JsonNodeFactory.instance.arrayNode();
        for (RatioTarget.Result result : results) {
            ObjectNode target = json.addObject();
            target.put("expr", result.target().expression());
            target.set("measured", Medians.number(result.measured()));
            target.put("met", result.met());
            target.put("inconclusive", result.inconclusive());
        }
        return json;
    }

    /** In the order they were made in. */
    private static ArrayNode runs(List<Pair> pairs) {
        ArrayNode json = JsonNodeFactory.instance.arrayNode();
        for (int i = 0; i < pairs.size(); i++) {
            Pair pair = pairs.get(i);
            for (boolean isA : new boolean[] {pair.aFirst(), !pair.aFirst()}) {
                json.addObject().put("round", i + 1).put("side", isA ? "a" : "b").set("result", isA ? pair.a() : pair.b());
            }
        }
        return json;
    }
}
