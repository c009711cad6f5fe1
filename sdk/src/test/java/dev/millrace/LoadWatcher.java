package dev.millrace;

import dev.millrace.partitioner.LoadAware;
import dev.millrace.partitioner.PartitionLoad;
import java.util.Map;
import org.apache.kafka.clients.producer.Partitioner;
import org.apache.kafka.common.Cluster;

/** Puts everything to partition 0, and hears what a partitioner is told of load. */
abstract class LoadWatcher implements Partitioner, LoadAware {

    abstract void appended(int bytes);

    @Override
    public void configure(Map<String, ?> configs) {
    }

    @Override
    public int partition(String topic, Object key, byte[] keyBytes, Object value, byte[] valueBytes, Cluster cluster) {
        return 0;
    }

    @Override
    public void watch(PartitionLoad load) {
    }

    @Override
    public void appended(String topic, int partition, int bytes, boolean batchesFull, Cluster cluster) {
        appended(bytes);
    }

    @Override
    public void close() {
    }
}
