package dev.millrace.perf.compare;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** Several results of {@code produce} made into one of the same form. */
final class Medians {
    private static final double DECIMALS = 1e6;

    private Medians() {
    }

    /**
     * Numbers become their median; anything else stays when it is the same in all of them, and is null when it is not, as is a
     * number that one of them does not know.
     *
     * @param runs at least one, all with the keys of the first
     */
    static JsonNode of(List<? extends JsonNode> runs) {
        JsonNode first = runs.get(0);
        if (runs.stream().allMatch(JsonNode::isObject)) {
            ObjectNode merged = JsonNodeFactory.instance.objectNode();
            first.fieldNames().forEachRemaining(name -> merged.set(name, of(runs.stream().map(run -> run.path(name)).toList())));
            return merged;
        }
        if (runs.stream().allMatch(JsonNode::isNumber)) {
            return number(Ratio.median(runs.stream().mapToDouble(JsonNode::asDouble).toArray()));
        }
        return runs.stream().allMatch(first::equals) ? first : NullNode.getInstance();
    }

    /** Whole numbers without a point, others with at most six decimals; null for what is no number. */
    static JsonNode number(double value) {
        if (!Double.isFinite(value)) {
            return NullNode.getInstance();
        }
        double rounded = Math.abs(value) < 1e9 ? Math.rint(value * DECIMALS) / DECIMALS : value;
        return rounded == Math.rint(rounded) && Math.abs(rounded) < 1e15
                ? LongNode.valueOf((long) rounded) : DoubleNode.valueOf(rounded);
    }
}
