package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.TreeSet;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.junit.jupiter.api.Test;

/** Source code that uses {@code KafkaProducer} compiles when that name is replaced by ours. */
class PublicSurfaceTest {

    @Test
    void shouldHaveWhateverIsPublicInKafkaProducer() throws Exception {
        TreeSet<String> kafkas = surface(KafkaProducer.class);
        assertTrue(kafkas.size() > 20, kafkas::toString);
        kafkas.removeAll(surface(MillraceProducer.class));
        assertEquals(new TreeSet<>(), kafkas);
    }

    private static TreeSet<String> surface(Class<?> type) throws IllegalAccessException {
        TreeSet<String> surface = new TreeSet<>();
        for (Constructor<?> constructor : type.getConstructors())
            surface.add(constructor.toGenericString().replaceAll(" throws .*", ""));
        for (Method method : type.getMethods())
            surface.add(method.toGenericString().replaceAll(" throws .*", ""));
        for (Field field : type.getFields())
            surface.add(field + " = " + field.get(null));
        TreeSet<String> named = new TreeSet<>();
        surface.forEach(member -> named.add(member.replace(type.getName(), "Producer")));
        return named;
    }
}
