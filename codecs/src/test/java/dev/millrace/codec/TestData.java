package dev.millrace.codec;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;

/** Kinds of plain data: what cannot be compressed, what compresses best, and what Kafka carries most. */
enum TestData {
    RANDOM {
        @Override
        byte[] bytes(int length, Random random) {
            byte[] bytes = new byte[length];
            random.nextBytes(bytes);
            return bytes;
        }
    },
    CONSTANT {
        @Override
        byte[] bytes(int length, Random random) {
            byte[] bytes = new byte[length];
            Arrays.fill(bytes, (byte) 'm');
            return bytes;
        }
    },
    JSON {
        @Override
        byte[] bytes(int length, Random random) {
            byte[] bytes = new byte[length];
            int at = 0;
            while (at < length) {
                byte[] order = ("{\"orderId\":" + random.nextInt(1_000_000) + ",\"customer\":\"customer-"
                        + random.nextInt(5_000) + "\",\"amount\":" + random.nextInt(100_000) / 100.0
                        + ",\"currency\":\"EUR\",\"status\":\"" + (random.nextBoolean() ? "PAID" : "SHIPPED") + "\"}\n")
                        .getBytes(StandardCharsets.US_ASCII);
                int part = Math.min(order.length, length - at);
                System.arraycopy(order, 0, bytes, at, part);
                at += part;
            }
            return bytes;
        }
    };

    abstract byte[] bytes(int length, Random random);
}
