package dev.millrace.perf.jmh;

import com.github.luben.zstd.ZstdCompressCtx;
import dev.millrace.codec.Codec;
import dev.millrace.codec.CodecType;
import dev.millrace.codec.Codecs;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Factory;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * How much of Millrace's compress call is the native compressor: one operation compresses a batch of JSON-like records from array
 * to array, by Millrace's codec or by the native library alone with the same level and a context that is reused (lz4-java's
 * {@code fastCompressor} on the whole as one block; zstd-jni). Times are sampled; compare medians, as in {@link CodecBenchmark}.
 *
 * <p>{@code millrace-perf jmh NativeCodec}; {@code -p batchBytes=65536,1048576} for larger batches.
 *
 * <p><b>Not in the figure:</b> the records' encoding. The library alone writes no frame that Kafka would read for lz4.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Thread)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class NativeCodecBenchmark {
    /** An array to array compressor. */
    private interface Compressor {
        int compress(byte[] src, byte[] dst);
    }

    @Param({"lz4", "zstd"})
    String codec;

    @Param("65536")
    int batchBytes;

    private final ZstdCompressCtx zstd = new ZstdCompressCtx();
    private byte[] plain;
    private byte[] compressed;
    private Codec millrace;
    private Compressor library;

    @Setup(Level.Trial)
    public void encode() {
        byte[] room = new byte[batchBytes];
        int length = JsonRecords.encode(JsonRecords.filling(batchBytes), room);
        plain = Arrays.copyOf(room, length);
        millrace = Codecs.of(CodecType.forName(codec));
        compressed = new byte[millrace.maxCompressedLength(length)];
        LZ4Compressor lz4 = LZ4Factory.fastestInstance().fastCompressor();
        zstd.setLevel(CodecType.ZSTD.defaultLevel());
        library = codec.equals("lz4") ? (src, dst) -> lz4.compress(src, 0, src.length, dst, 0, dst.length)
                : (src, dst) -> zstd.compressByteArray(dst, 0, dst.length, src, 0, src.length);
    }

    @TearDown(Level.Trial)
    public void close() {
        zstd.close();
    }

    @Benchmark
    public int millrace() {
        return millrace.compress(plain, 0, plain.length, compressed, 0);
    }

    @Benchmark
    public int libraryAlone() {
        return library.compress(plain, compressed);
    }
}
