package dev.millrace.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OrderOptionsTest {
    @Test
    void shouldHaveDefaults() {
        assertEquals(new OrderOptions(null, "orders", 10, false), OrderOptions.parse());
    }

    @Test
    void shouldTakeEveryOption() {
        assertEquals(new OrderOptions("b:1", "t", 3, false),
                OrderOptions.parse("--orders", "3", "--topic", "t", "--bootstrap-server", "b:1"));
        assertTrue(OrderOptions.parse("--help").help());
    }

    @ParameterizedTest
    @ValueSource(strings = {"--nope", "--orders", "--orders 0", "--orders many", "stray"})
    void shouldNameTheOptionThatIsWrong(String args) {
        String message = assertThrows(IllegalArgumentException.class, () -> OrderOptions.parse(args.split(" "))).getMessage();
        assertTrue(message.contains(args.split(" ")[0]), message);
    }
}
