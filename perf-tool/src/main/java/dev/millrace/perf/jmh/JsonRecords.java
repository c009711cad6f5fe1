package dev.millrace.perf.jmh;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.internal.DefaultRecord;

/** JSON-like values of about 120 bytes, keyed, and always the same: what a batch of a benchmark holds. */
final class JsonRecords {
    static final Header[] NO_HEADERS = new Header[0];
    private static final String[] STATES = {"NEW", "PAID", "PACKED", "SHIPPED", "DELIVERED", "RETURNED"};
    private static final String[] CURRENCIES = {"EUR", "USD", "GBP", "CHF"};

    private JsonRecords() {
    }

    /** One record's parts. Buffers are what Kafka's writer takes; they are views of whole arrays. */
    record KeyAndValue(ByteBuffer key, ByteBuffer value) {
    }

    /** Encodes records as record batch v2 has them, with array writes, each in one pass. Returns the bytes written. */
    static int encode(List<KeyAndValue> records, byte[] dst) {
        int at = 0;
        for (int i = 0; i < records.size(); i++) {
            byte[] key = records.get(i).key.array();
            byte[] value = records.get(i).value.array();
            int body = 1 + sizeOfVarint(i / 10) + sizeOfVarint(i) + sizeOfVarint(key.length) + key.length
                    + sizeOfVarint(value.length) + value.length + 1;
            at = putVarint(dst, at, body);
            dst[at++] = 0;
            at = putVarint(dst, at, i / 10);
            at = putVarint(dst, at, i);
            at = putVarint(dst, at, key.length);
            System.arraycopy(key, 0, dst, at, key.length);
            at = putVarint(dst, at + key.length, value.length);
            System.arraycopy(value, 0, dst, at, value.length);
            at += value.length;
            dst[at++] = 0;
        }
        return at;
    }

    private static int sizeOfVarint(int notNegative) {
        return (31 - Integer.numberOfLeadingZeros(notNegative << 1 | 1)) / 7 + 1;
    }

    private static int putVarint(byte[] dst, int offset, int notNegative) {
        int at = offset;
        int left = notNegative << 1; // zigzag
        while (left >= 0x80) {
            dst[at++] = (byte) (left | 0x80);
            left >>>= 7;
        }
        dst[at++] = (byte) left;
        return at;
    }

    /** As many records as a batch of so many bytes holds, in the encoding of record batch v2. */
    static List<KeyAndValue> filling(int bytes) {
        Random random = new Random(20261121);
        List<KeyAndValue> records = new ArrayList<>();
        int size = 0;
        while (true) {
            int customer = random.nextInt(20_000);
            KeyAndValue next = new KeyAndValue(utf8("customer-" + customer), utf8(order(customer, random)));
            size += DefaultRecord.sizeInBytes(records.size(), records.size() / 10, next.key.remaining(),
                    next.value.remaining(), NO_HEADERS);
            if (size > bytes) {
                return records;
            }
            records.add(next);
        }
    }

    private static String order(int customer, Random random) {
        return "{\"orderId\":" + (100_000_000 + random.nextInt(900_000_000)) + ",\"customerId\":" + customer
                + ",\"amount\":" + random.nextInt(100_000) / 100.0
                + ",\"currency\":\"" + CURRENCIES[random.nextInt(CURRENCIES.length)]
                + "\",\"status\":\"" + STATES[random.nextInt(STATES.length)]
                + "\",\"items\":" + (1 + random.nextInt(9)) + "}";
    }

    private static ByteBuffer utf8(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
