package dev.millrace.internal.producer.batch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.codec.Codec;
import dev.millrace.codec.CodecType;
import dev.millrace.codec.Codecs;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class ProducerBatchTest {

    private static final TopicPartition PARTITION = new TopicPartition("topic", 3);
    private static final long SEED = 20261121;

    private final CountingMemory memory = new CountingMemory();

    /** Hands out what is asked for, and sees that everything comes back once. */
    private static final class CountingMemory implements Memory {
        final List<byte[]> out = new ArrayList<>();
        int left = Integer.MAX_VALUE;

        byte[] first(int size) {
            byte[] buffer = new byte[size];
            out.add(buffer);
            return buffer;
        }

        @Override
        public byte[] tryAllocate(int size) {
            return left-- > 0 ? first(size) : null;
        }

        @Override
        public byte[] shrink(byte[] buffer, int size) {
            release(buffer);
            return first(size);
        }

        @Override
        public void release(byte[] buffer) {
            assertTrue(out.removeIf(b -> b == buffer), "a buffer came back that was not out");
        }
    }

    /** A record as a test remembers it. */
    private record Expected(long timestamp, byte[] key, byte[] value, Header[] headers, SendResult result) {
    }

    private ProducerBatch batch(int limit) {
        return new ProducerBatch(PARTITION, 1000, memory, memory.first(128), BatchLimits.fixed(limit, limit), 1, 1);
    }

    private static boolean append(ProducerBatch batch, Expected record) {
        byte[] headers = RecordWriter.encodeHeaders(record.headers());
        return batch.tryAppend(record.key(), record.value(), headers,
                RecordWriter.tailSize(record.key(), record.value(), headers), record.result());
    }

    private static void finish(ProducerBatch batch, Codec codec) {
        batch.seal();
        batch.finish(codec, new byte[codec.maxCompressedLength(batch.rawSize())]);
        batch.handOver();
    }

    private static List<Expected> randomRecords(int count) {
        Random random = new Random(SEED);
        List<Expected> records = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] key = random.nextInt(4) == 0 ? null : new byte[random.nextInt(40)];
            byte[] value = random.nextInt(10) == 0 ? null : ("{\"id\":" + i + ",\"v\":\"" + "abc".repeat(random.nextInt(40)) + "\"}").getBytes();
            if (key != null)
                random.nextBytes(key);
            Header[] headers = new Header[random.nextInt(3) == 0 ? random.nextInt(3) : 0];
            for (int h = 0; h < headers.length; h++)
                headers[h] = new RecordHeader("häder" + h, random.nextBoolean() ? null : new byte[random.nextInt(200)]);
            // Back and forth, and now and then far away: deltas of all lengths.
            long timestamp = 1_790_000_000_000L + random.nextInt(2000) - 1000 + (random.nextInt(50) == 0 ? random.nextLong() >> 20 : 0);
            timestamp = Math.max(0, timestamp);
            records.add(new Expected(timestamp, key, value, headers, new SendResult(null, timestamp, key, value)));
        }
        return records;
    }

    @Test
    void shouldWriteTheSameBytesAsKafka() {
        System.out.println("seed " + SEED);
        List<Expected> records = randomRecords(500);
        ProducerBatch batch = batch(1 << 20);
        MemoryRecordsBuilder kafka = MemoryRecords.builder(ByteBuffer.allocate(1 << 20), RecordBatch.MAGIC_VALUE_V2,
                Compression.NONE, TimestampType.CREATE_TIME, 0, RecordBatch.NO_TIMESTAMP, 77, (short) 5, 1234, false, -1);
        for (Expected record : records) {
            assertTrue(append(batch, record));
            kafka.append(record.timestamp(), record.key(), record.value(), record.headers());
        }
        finish(batch, Codecs.of(CodecType.NONE));
        batch.assignSequence(77, (short) 5, 1234);
        batch.writeHeader();
        ByteBuffer theirs = kafka.build().buffer();
        byte[] expected = new byte[theirs.remaining()];
        theirs.get(expected);
        byte[] ours = new byte[batch.size()];
        System.arraycopy(batch.bytes(), 0, ours, 0, ours.length);
        assertArrayEquals(expected, ours);
    }

    @ParameterizedTest
    @EnumSource(CodecType.class)
    void shouldBeReadableByKafka(CodecType type) {
        List<Expected> records = randomRecords(2000);
        ProducerBatch batch = batch(1 << 24);
        records.forEach(record -> assertTrue(append(batch, record)));
        finish(batch, Codecs.of(type));
        batch.writeHeader();
        DefaultRecordBatch read = (DefaultRecordBatch) MemoryRecords.readableRecords(
                ByteBuffer.wrap(batch.bytes(), 0, batch.size())).batches().iterator().next();
        read.ensureValid();
        assertEquals(type.id(), read.compressionType().id);
        int i = 0;
        for (Record record : read) {
            Expected expected = records.get(i);
            assertEquals(i++, record.offset());
            assertEquals(expected.timestamp(), record.timestamp());
            assertEquals(expected.key() == null ? null : ByteBuffer.wrap(expected.key()), record.key());
            assertEquals(expected.value() == null ? null : ByteBuffer.wrap(expected.value()), record.value());
            assertArrayEquals(expected.headers(), record.headers());
        }
        assertEquals(records.size(), i);
        assertEquals(1, memory.out.size());
        batch.complete(0, -1);
        batch.callBack(null);
        assertEquals(0, memory.out.size());
    }

    @Test
    void shouldSendUncompressedWhatDoesNotCompress() {
        byte[] noise = new byte[5000];
        new Random(SEED).nextBytes(noise);
        ProducerBatch batch = batch(1 << 20);
        append(batch, new Expected(1, null, noise, new Header[0], new SendResult(null, 1, null, noise)));
        finish(batch, Codecs.of(CodecType.LZ4));
        batch.writeHeader();
        MutableRecordBatch read = MemoryRecords.readableRecords(ByteBuffer.wrap(batch.bytes(), 0, batch.size())).batches().iterator().next();
        assertFalse(read.isCompressed());
        read.ensureValid();
    }

    @Test
    void shouldBeFullWhenMemoryToGrowIsShort() {
        memory.left = 0;
        ProducerBatch batch = batch(1 << 20);
        byte[] value = new byte[50];
        Expected fits = new Expected(1, null, value, new Header[0], new SendResult(null, 1, null, value));
        assertTrue(append(batch, fits));
        assertFalse(append(batch, new Expected(1, null, value, new Header[0], new SendResult(null, 1, null, value))));
        assertEquals(1, batch.recordCount());
    }

    @Test
    void shouldEndOnce() throws Exception {
        List<String> told = new ArrayList<>();
        ProducerBatch batch = batch(1000);
        SendResult result = new SendResult((metadata, e) -> told.add(metadata.offset() + " " + e), 5, null, new byte[3]);
        append(batch, new Expected(5, null, new byte[3], new Header[0], result));
        finish(batch, Codecs.of(CodecType.NONE));
        assertThrows(java.util.concurrent.TimeoutException.class, () -> result.get(1, TimeUnit.MILLISECONDS));
        assertTrue(batch.complete(42, -1));
        assertFalse(batch.complete(43, -1));
        assertFalse(batch.fail(new IllegalStateException("late"), null));
        // Callbacks, memory and futures may be another thread's to see to.
        assertTrue(batch.hasEnded());
        assertFalse(result.isDone());
        assertEquals(List.of(), told);
        assertEquals(1, memory.out.size());
        batch.callBack(null);
        assertTrue(result.isDone());
        assertEquals(List.of("42 null"), told);
        assertEquals(42, result.get().offset());
        assertEquals(5, result.get().timestamp());
        assertEquals(-1, result.get().serializedKeySize());
        assertEquals(3, result.get().serializedValueSize());
        assertEquals(0, memory.out.size());
    }

    @Test
    void shouldGiveLogAppendTime() throws Exception {
        ProducerBatch batch = batch(1000);
        SendResult result = new SendResult(null, 5, null, null);
        append(batch, new Expected(5, null, null, new Header[0], result));
        finish(batch, Codecs.of(CodecType.NONE));
        batch.complete(1, 999);
        batch.callBack(null);
        assertEquals(999, result.get().timestamp());
    }

    @Test
    void shouldTellRecordsApartWhenTheBrokerDoes() {
        RuntimeException mine = new IllegalArgumentException("mine");
        RuntimeException others = new IllegalStateException("others");
        ProducerBatch batch = batch(1000);
        SendResult first = new SendResult(null, 5, null, null);
        SendResult second = new SendResult(null, 5, null, null);
        append(batch, new Expected(5, null, null, new Header[0], first));
        append(batch, new Expected(5, null, null, new Header[0], second));
        finish(batch, Codecs.of(CodecType.NONE));
        batch.fail(others, index -> index == 1 ? mine : others);
        batch.callBack(null);
        assertSame(others, assertThrows(ExecutionException.class, first::get).getCause());
        assertSame(mine, assertThrows(ExecutionException.class, second::get).getCause());
    }

    @Test
    void shouldEndThoughARecordsErrorCannotBeTold() {
        ProducerBatch batch = batch(1000);
        append(batch, new Expected(5, null, null, new Header[0], new SendResult((m, e) -> { }, 5, null, null)));
        finish(batch, Codecs.of(CodecType.NONE));
        batch.fail(new IllegalArgumentException("the batch's"), index -> {
            throw new IllegalStateException("no idea");
        });
        batch.callBack(null);
        assertTrue(batch.isDone());
        assertEquals(0, memory.out.size());
    }

    @Test
    void shouldGoOnWhenACallbackThrows() {
        List<Integer> told = new ArrayList<>();
        ProducerBatch batch = batch(1000);
        append(batch, new Expected(5, null, null, new Header[0], new SendResult((m, e) -> {
            throw new IllegalStateException("the user's");
        }, 5, null, null)));
        append(batch, new Expected(5, null, null, new Header[0], new SendResult((m, e) -> told.add(2), 5, null, null)));
        finish(batch, Codecs.of(CodecType.NONE));
        batch.complete(0, -1);
        batch.callBack(null);
        assertEquals(List.of(2), told);
        assertTrue(batch.isDone());
    }

    @ParameterizedTest
    @EnumSource(CodecType.class)
    void shouldSplitInOrderAndLoseNothing(CodecType type) throws Exception {
        List<Expected> records = randomRecords(700);
        Codec codec = Codecs.of(type);
        ProducerBatch batch = batch(1 << 20);
        records.forEach(record -> append(batch, record));
        finish(batch, codec);
        List<ProducerBatch> parts = batch.split(codec, 4000, false);
        assertTrue(batch.isDone());
        assertNull(batch.outcome());
        assertTrue(parts.size() > 5);
        int i = 0;
        for (ProducerBatch part : parts) {
            finish(part, codec);
            assertTrue(part.isPartOfSplit());
            part.writeHeader();
            RecordBatch read = MemoryRecords.readableRecords(ByteBuffer.wrap(part.bytes(), 0, part.size())).batches().iterator().next();
            read.ensureValid();
            assertTrue(part.rawSize() <= 4000 || part.recordCount() == 1);
            int base = i;
            for (Record record : read) {
                Expected expected = records.get(i++);
                assertEquals(expected.timestamp(), record.timestamp());
                assertEquals(expected.value() == null ? null : ByteBuffer.wrap(expected.value()), record.value());
                assertArrayEquals(expected.headers(), record.headers());
                assertFalse(expected.result().isDone());
            }
            part.complete(base, -1);
            part.callBack(null);
        }
        assertEquals(records.size(), i);
        for (int r = 0; r < records.size(); r++)
            assertEquals(r, records.get(r).result().get().offset());
        assertEquals(0, memory.out.size());
    }

    @Test
    void shouldKeepItsMemoryUntilTheLastPartIsDoneIfItIsTo() {
        Codec codec = Codecs.of(CodecType.NONE);
        ProducerBatch batch = batch(1 << 20);
        randomRecords(700).forEach(record -> append(batch, record));
        finish(batch, codec);
        List<ProducerBatch> parts = new ArrayList<>(batch.split(codec, 8000, true));
        // One is too large again: its parts hold what it held.
        ProducerBatch again = parts.remove(1);
        finish(again, codec);
        parts.addAll(again.split(codec, 4000, true));
        Collections.shuffle(parts, new Random(SEED));
        for (ProducerBatch part : parts) {
            assertEquals(1, memory.out.size());
            finish(part, codec);
            part.complete(0, -1);
            part.callBack(null);
        }
        assertEquals(0, memory.out.size());
    }

    private static Callback wrapping(Callback callback) {
        return new WrappingCallback() {
            @Override
            public Callback users() {
                return callback;
            }

            @Override
            public void onCompletion(RecordMetadata metadata, Exception exception) {
                callback.onCompletion(metadata, exception);
            }
        };
    }

    @Test
    void shouldCallNoMoreCallbacksOnceAbandonedButCompleteAllFutures() throws Exception {
        List<Integer> told = new ArrayList<>();
        List<AsyncResult> asyncs = new ArrayList<>();
        ProducerBatch batch = batch(1000);
        List<SendResult> results = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            int n = i;
            AsyncResult async = new AsyncResult();
            asyncs.add(async);
            for (Callback callback : List.<Callback>of((m, e) -> told.add(n), wrapping(async)))
                results.add(new SendResult(callback, 5, null, null));
        }
        results.forEach(result -> append(batch, new Expected(5, null, null, new Header[0], result)));
        finish(batch, Codecs.of(CodecType.NONE));
        batch.complete(7, -1);
        batch.callBack(() -> told.size() == 2);
        assertEquals(List.of(0, 1), told);
        for (int i = 0; i < 6; i++)
            assertEquals(7 + i, results.get(i).get().offset());
        for (int i = 0; i < 3; i++)
            assertEquals(7 + 2 * i + 1, asyncs.get(i).get().offset());
        assertEquals(0, memory.out.size());
    }

    @Test
    void shouldFollowARecordThatMovedToAPartWhileSomebodyWaits() throws Exception {
        ProducerBatch batch = batch(4000);
        SendResult result = new SendResult(null, 5, null, null);
        append(batch, new Expected(5, null, null, new Header[0], result));
        append(batch, new Expected(5, null, null, new Header[0], new SendResult(null, 5, null, null)));
        finish(batch, Codecs.of(CodecType.NONE));
        List<Long> got = new ArrayList<>();
        Thread waiter = new Thread(() -> {
            try {
                got.add(result.get().offset());
            } catch (InterruptedException | ExecutionException e) {
                throw new AssertionError(e);
            }
        });
        waiter.start();
        List<ProducerBatch> parts = batch.split(Codecs.of(CodecType.NONE), 1, false);
        assertEquals(2, parts.size());
        for (ProducerBatch part : parts) {
            finish(part, Codecs.of(CodecType.NONE));
            part.complete(9, -1);
            part.callBack(null);
        }
        waiter.join();
        assertEquals(List.of(9L), got);
    }

    @Test
    void shouldOrderSequencesAcrossTheWrap() {
        ProducerBatch batch = batch(4000);
        batch.assignSequence(1, (short) 0, 5);
        assertTrue(batch.sequenceIsAfter(Integer.MAX_VALUE - 3));
        assertTrue(batch.sequenceIsAfter(4));
        assertFalse(batch.sequenceIsAfter(5));
        assertFalse(batch.sequenceIsAfter(6));
        batch.assignSequence(1, (short) 0, Integer.MAX_VALUE - 3);
        assertFalse(batch.sequenceIsAfter(5));
    }
}
