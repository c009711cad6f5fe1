package dev.millrace.testkit.sink;

import java.nio.ByteBuffer;

/** Counts what comes in. Written by the sink's thread only; any thread may take the {@link #stats}. */
final class SinkCounters {
    /** What {@link #write} writes. */
    static final int BYTES = 9 * Long.BYTES;

    volatile long connections;
    volatile long requests;
    volatile long produceRequests;
    volatile long batches;
    volatile long records;
    volatile long recordBytes;
    volatile long fetchRequests;
    volatile long fetchedBytes;
    volatile long broken;

    SinkStats stats() {
        return new SinkStats(connections, requests, produceRequests, batches, records, recordBytes, fetchRequests,
                fetchedBytes, broken);
    }

    void write(ByteBuffer out) {
        out.putLong(connections).putLong(requests).putLong(produceRequests).putLong(batches).putLong(records)
                .putLong(recordBytes).putLong(fetchRequests).putLong(fetchedBytes).putLong(broken);
    }

    static SinkStats read(ByteBuffer in) {
        return new SinkStats(in.getLong(), in.getLong(), in.getLong(), in.getLong(), in.getLong(), in.getLong(),
                in.getLong(), in.getLong(), in.getLong());
    }
}
