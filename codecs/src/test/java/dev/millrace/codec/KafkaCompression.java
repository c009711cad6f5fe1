package dev.millrace.codec;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.compress.GzipCompression;
import org.apache.kafka.common.compress.Lz4Compression;
import org.apache.kafka.common.compress.ZstdCompression;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.ByteBufferOutputStream;

/** What kafka-clients itself writes and reads: the reference of the contract. */
final class KafkaCompression {
    private KafkaCompression() {
    }

    static Compression of(CodecType type, int level) {
        return switch (type) {
            case NONE -> Compression.NONE;
            case GZIP -> new GzipCompression.Builder().level(level).build();
            case SNAPPY -> Compression.snappy().build();
            case LZ4 -> new Lz4Compression.Builder().level(level).build();
            case ZSTD -> new ZstdCompression.Builder().level(level).build();
        };
    }

    static byte[] compress(Compression compression, byte[] plain) {
        ByteBufferOutputStream out = new ByteBufferOutputStream(1024);
        try (OutputStream stream = compression.wrapForOutput(out, RecordBatch.MAGIC_VALUE_V2)) {
            stream.write(plain);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ByteBuffer written = out.buffer().flip();
        byte[] compressed = new byte[written.remaining()];
        written.get(compressed);
        return compressed;
    }

    static byte[] decompress(Compression compression, byte[] src, int offset, int length) {
        ByteBuffer buffer = ByteBuffer.wrap(src, offset, length).slice();
        try (InputStream in = compression.wrapForInput(buffer, RecordBatch.MAGIC_VALUE_V2, BufferSupplier.create())) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
