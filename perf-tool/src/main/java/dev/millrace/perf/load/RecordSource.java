package dev.millrace.perf.load;

import java.util.SplittableRandom;
import org.apache.kafka.clients.producer.ProducerRecord;

/** One caller's records: values in turn from the pool, keys drawn evenly beside the hot one. For one thread. */
final class RecordSource {
    private final String topic;
    private final byte[][] values;
    private final byte[][] keys;
    private final byte[] hotKey;
    private final double hotKeyShare;
    private final SplittableRandom random;
    private int nextValue;
    private long bytes;

    RecordSource(String topic, RecordData data, long seed) {
        this.topic = topic;
        this.values = data.values();
        this.keys = data.keys();
        this.hotKey = data.hotKey();
        this.hotKeyShare = data.hotKeyShare();
        this.random = new SplittableRandom(seed);
        // Callers start at different places, so that they do not send the same values side by side.
        this.nextValue = random.nextInt(values.length);
    }

    ProducerRecord<byte[], byte[]> next() {
        byte[] value = values[nextValue];
        nextValue = nextValue + 1 == values.length ? 0 : nextValue + 1;
        boolean hot = hotKeyShare > 0 && random.nextDouble() < hotKeyShare;
        if (keys.length == 0 && !hot) {
            bytes += value.length;
            return new ProducerRecord<>(topic, value);
        }
        byte[] key = hot ? hotKey : keys[random.nextInt(keys.length)];
        bytes += key.length + value.length;
        return new ProducerRecord<>(topic, key, value);
    }

    /** Bytes of all keys and values so far. */
    long bytes() {
        return bytes;
    }
}
