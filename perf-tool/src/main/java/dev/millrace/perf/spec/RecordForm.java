package dev.millrace.perf.spec;

import java.util.List;
import java.util.Locale;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteBufferDeserializer;
import org.apache.kafka.common.serialization.Deserializer;

/** What keys and values are deserialized to: copies, or views into the fetched bytes. */
public enum RecordForm {
    BYTE_ARRAY(ByteArrayDeserializer.class),
    BYTE_BUFFER(ByteBufferDeserializer.class);

    private final Class<? extends Deserializer<?>> deserializer;

    RecordForm(Class<? extends Deserializer<?>> deserializer) {
        this.deserializer = deserializer;
    }

    String deserializer() {
        return deserializer.getName();
    }

    /** @throws UsageException when there is no such form */
    public static RecordForm parse(String name) {
        for (RecordForm form : values()) {
            if (form.toString().equalsIgnoreCase(name)) {
                return form;
            }
        }
        throw new UsageException("there is no deserializer '" + name + "'; there are " + List.of(values()));
    }

    /** The name on the command line and in the JSON. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
