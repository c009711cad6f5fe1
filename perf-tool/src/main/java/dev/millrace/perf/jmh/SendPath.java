package dev.millrace.perf.jmh;

import org.apache.kafka.clients.producer.ProducerRecord;

/** A client from {@code send()} to the sealed batch, with {@link #drain} where its sender thread would be. */
interface SendPath {

    /** One record on its way; any thread. Blocks when memory is short. */
    Object send(ProducerRecord<byte[], byte[]> record);

    /** Takes out the sealed batches and gives back their memory; one thread. Returns how many there were. */
    int drain();

    /** Bytes of {@code buffer.memory} that are free; any thread. */
    long availableMemory();

    /** How long senders waited for memory so far, in ns: not 0 means that what was measured is the drain. */
    long waitedNs();
}
