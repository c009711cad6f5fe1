package dev.millrace.internal.producer.net;

import org.apache.kafka.common.internals.Plugin;
import org.apache.kafka.common.metrics.Metrics;

/** Gives plugins that ask for it their own metrics (KIP-877). */
public final class Monitored {

    private Monitored() {
    }

    /**
     * What closes a plugin and takes its metrics away.
     *
     * @param key the config key that named it
     */
    public static AutoCloseable of(Object plugin, Metrics metrics, String key) {
        return Plugin.wrapInstance(plugin, metrics, key);
    }
}
