package dev.millrace.testkit;

import static dev.millrace.testkit.LedgerEntries.ABORTED;
import static dev.millrace.testkit.LedgerEntries.ACKED;
import static dev.millrace.testkit.LedgerEntries.FAILED;
import static dev.millrace.testkit.LedgerEntries.PADDED;
import static dev.millrace.testkit.LedgerEntries.READ_FLAGS;
import static dev.millrace.testkit.LedgerEntries.SENT;
import static dev.millrace.testkit.LedgerEntries.TWICE;

import dev.millrace.testkit.LedgerEntries.Chunk;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.header.Header;

/**
 * Keeps account of what a test sent to one topic and of what became of it, and compares that with the topic's log:
 * what was lost, duplicated, out of order, and the other {@link DeliveryFault}s.
 *
 * <pre>{@code
 * DeliveryLedger ledger = new DeliveryLedger();
 * for (...) {
 *     long id = ledger.sending(null, key);
 *     producer.send(new ProducerRecord<>(topic, key, ledger.value(id, 100)), ledger.callback(id));
 * }
 * producer.flush();
 * ledger.verify(cluster.bootstrapServers(), topic).assertClean();
 * }</pre>
 *
 * <p>The id travels in the first 8 bytes of the value, or, for values of the test's own, in the header
 * {@link #ID_HEADER}.
 *
 * <p><b>Order.</b> What one thread sends to one partition must be in the log in the order of the {@link #sending}
 * calls; so must what it sends with one key. Nothing is promised between two threads. A test with several producers in
 * one thread, or with several threads in a defined order, says so by numbering lanes:
 * {@link #sending(int, Integer, Object)}.
 *
 * <p><b>Transactions.</b> Say {@link #aborted} for each record of an aborted transaction, and {@link #verify(Map, String)} with
 * {@code isolation.level=read_committed}.
 *
 * <p>A record takes 34 bytes, a key about 150. Every method is safe for any thread.
 */
public final class DeliveryLedger {
    /** The header that carries an id, as {@link #idBytes} encodes it; it wins over the value. */
    public static final String ID_HEADER = "ledger-id";

    private static final Duration NO_PROGRESS = Duration.ofSeconds(30);

    private final AtomicLong nextId = new AtomicLong();
    private final LedgerEntries entries = new LedgerEntries();
    private final Map<Long, Lane> lanes = new ConcurrentHashMap<>();
    private final Map<String, Long> failures = new ConcurrentHashMap<>();

    private final LedgerReading reading = new LedgerReading(entries); // its own lock; also over the lanes' highest ids

    /**
     * Announces a record of this thread's lane; call it right before {@code send}.
     *
     * @param partition the partition the test chose, or null if the producer chooses
     * @param key       the key, anything with {@code equals}, or a {@code byte[]}; null for none
     * @return the record's id: 0, 1, 2, ...
     */
    public long sending(Integer partition, Object key) {
        return sending(Thread.currentThread().getId(), partition, key);
    }

    /** As {@link #sending(Integer, Object)}, in a lane the test numbered, from 0. */
    public long sending(int lane, Integer partition, Object key) {
        if (lane < 0) {
            throw new IllegalArgumentException("lane must be 0 or more, was " + lane);
        }
        return sending(-1L - lane, partition, key); // negative: apart from the threads' ids
    }

    private long sending(long laneNumber, Integer partition, Object key) {
        Object comparable = key instanceof byte[] bytes ? ByteBuffer.wrap(bytes.clone()) : key;
        Lane.Slot slot = lanes.computeIfAbsent(laneNumber, n -> new Lane()).slot(comparable);
        long id = nextId.getAndIncrement();
        Chunk chunk = entries.grownTo(id);
        int i = LedgerEntries.index(id);
        chunk.slot[i] = slot;
        chunk.askedPartition[i] = partition == null ? LedgerEntries.NOT_ASKED : partition;
        chunk.set(i, SENT);
        return id;
    }

    /**
     * A value of {@code size} bytes (8 or more) that begins with the id; the rest is padding that is checked when it
     * is read.
     */
    public byte[] value(long id, int size) {
        if (size < Long.BYTES) {
            throw new IllegalArgumentException("a value needs 8 bytes for its id, asked for " + size);
        }
        byte[] value = new byte[size];
        ByteBuffer.wrap(value).putLong(id);
        for (int i = Long.BYTES; i < size; i++) {
            value[i] = LedgerReading.padding(id, i);
        }
        chunkOf(id).set(LedgerEntries.index(id), PADDED);
        return value;
    }

    /** The 8 bytes of an id, for {@link #ID_HEADER} or to begin a value of the test's own. */
    public static byte[] idBytes(long id) {
        return ByteBuffer.allocate(Long.BYTES).putLong(id).array();
    }

    /** The id in the first 8 bytes; -1 for null and for less than 8 bytes. */
    public static long idOf(byte[] bytes) {
        return bytes == null || bytes.length < Long.BYTES ? -1 : ByteBuffer.wrap(bytes).getLong();
    }

    /** A callback that tells the ledger what became of the record. */
    public Callback callback(long id) {
        return (metadata, exception) -> {
            if (exception == null) {
                acked(id, metadata);
            } else {
                failed(id, exception);
            }
        };
    }

    /** The record was acknowledged; metadata without an offset (acks=0) is fine. */
    public void acked(long id, RecordMetadata metadata) {
        acked(id, metadata.partition(), metadata.hasOffset() ? metadata.offset() : -1);
    }

    /** The record was acknowledged at this partition and offset; -1 if there is no offset. */
    public void acked(long id, int partition, long offset) {
        Chunk chunk = chunkOf(id);
        int i = LedgerEntries.index(id);
        if ((chunk.flags(i) & ACKED) == 0) {
            chunk.ackedPartition[i] = partition;
            chunk.ackedOffset[i] = offset;
        }
        decide(chunk, i, ACKED);
    }

    /** The record ended in an exception. */
    public void failed(long id, Exception exception) {
        failures.merge(exception.getClass().getSimpleName(), 1L, Long::sum);
        decide(chunkOf(id), LedgerEntries.index(id), FAILED);
    }

    /**
     * The record's transaction was aborted: nobody who reads {@code read_committed} may see it, and its absence is no loss. Besides
     * {@link #acked} or {@link #failed}, in any order with them: what became of the send is one thing, of the transaction another.
     */
    public void aborted(long id) {
        chunkOf(id).set(LedgerEntries.index(id), ABORTED);
    }

    private static void decide(Chunk chunk, int i, int decision) {
        int before = chunk.set(i, decision);
        if ((before & (ACKED | FAILED)) != 0) {
            chunk.set(i, TWICE);
        }
    }

    private Chunk chunkOf(long id) {
        Chunk chunk = entries.sent(id);
        if (chunk == null) {
            throw new IllegalArgumentException("id " + id + " was not given out by sending(); "
                    + nextId.get() + " ids were");
        }
        return chunk;
    }

    /**
     * Reads the topic's log from its beginning to where it ends now, with a plain consumer, and reports. What was
     * observed before is forgotten. Blocks.
     *
     * @throws IllegalStateException if the topic does not exist, or nothing could be read for 30 seconds
     */
    public DeliveryReport verify(String bootstrapServers, String topic) {
        return verify(Map.of("bootstrap.servers", bootstrapServers), topic);
    }

    /**
     * As {@link #verify(String, String)}, with any consumer properties ({@code bootstrap.servers}, security,
     * {@code isolation.level}); deserializers and the group are set here.
     */
    public DeliveryReport verify(Map<String, ?> consumerProperties, String topic) {
        forgetObserved();
        new LogReader(consumerProperties, NO_PROGRESS).read(topic, this::observe);
        return report();
    }

    /** Forgets all that {@link #observe} was given, so that the log can be read again. */
    public void forgetObserved() {
        synchronized (reading) {
            for (long id = 0; id < nextId.get(); id++) {
                Chunk chunk = entries.sent(id);
                if (chunk != null) {
                    chunk.clear(LedgerEntries.index(id), READ_FLAGS);
                }
            }
            lanes.values().forEach(Lane::forget);
            reading.forget();
        }
    }

    /** A record was read from the log. Records of one partition must be given in their order. */
    public void observe(ConsumerRecord<byte[], byte[]> record) {
        Header header = record.headers().lastHeader(ID_HEADER);
        long id = idOf(header == null ? record.value() : header.value());
        synchronized (reading) {
            reading.observe(id, record.partition(), record.offset());
            if (header == null) {
                reading.checkPadding(id, record);
            }
        }
    }

    /** The record with this id was read at this place. Records of one partition must be given in their order. */
    public void observe(long id, int partition, long offset) {
        synchronized (reading) {
            reading.observe(id, partition, offset);
        }
    }

    /** Compares what was sent and decided with what was observed so far. */
    public DeliveryReport report() {
        synchronized (reading) {
            return new LedgerAudit(entries, nextId.get()).run(reading, failures);
        }
    }
}
