package dev.millrace.perf.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MediansTest {
    private static String merged(String... runs) throws JsonProcessingException {
        List<JsonNode> nodes = new ArrayList<>();
        for (String run : runs) {
            nodes.add(new ObjectMapper().readTree(run));
        }
        return Medians.of(nodes).toString();
    }

    @Test
    void shouldKeepKeysAndNestingAndTakeMedians() throws JsonProcessingException {
        assertEquals("{\"x\":2,\"y\":{\"z\":0.25},\"s\":\"kafka\",\"l\":[],\"t\":true}", merged(
                "{\"x\":1,\"y\":{\"z\":0.25},\"s\":\"kafka\",\"l\":[],\"t\":true}",
                "{\"x\":9,\"y\":{\"z\":0.1},\"s\":\"kafka\",\"l\":[],\"t\":true}",
                "{\"x\":2,\"y\":{\"z\":7},\"s\":\"kafka\",\"l\":[],\"t\":true}"));
    }

    @Test
    void shouldBeNullWhereRunsDifferInWhatIsNoNumberOrOneDoesNotKnow() throws JsonProcessingException {
        assertEquals("{\"topic\":null,\"n\":null,\"l\":null,\"missing\":null,\"o\":null}", merged(
                "{\"topic\":\"x\",\"n\":1,\"l\":[],\"missing\":3,\"o\":{\"a\":1}}",
                "{\"topic\":\"y\",\"n\":null,\"l\":[\"late\"],\"o\":3}"));
        assertEquals("{\"n\":null}", merged("{\"n\":null}", "{\"n\":null}"));
    }

    @Test
    void shouldWriteNumbersAsShortAsTheyAre() throws JsonProcessingException {
        assertEquals("{\"x\":1.5,\"y\":3,\"z\":0.333333}", merged(
                "{\"x\":1,\"y\":2,\"z\":0.33333333}", "{\"x\":2,\"y\":4,\"z\":0.33333333}"));
        assertEquals("null", Medians.number(Double.POSITIVE_INFINITY).toString());
    }
}
