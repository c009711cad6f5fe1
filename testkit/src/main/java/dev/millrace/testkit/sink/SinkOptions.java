package dev.millrace.testkit.sink;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a sink is to be; immutable, checked when made.
 *
 * @param brokers            how many brokers the one process plays, each with a port of its own; 1..1000
 * @param topics             the partitions of the topics there are
 * @param anyTopicPartitions the partitions of every topic that is not among those, 0 if there is no other
 * @param delay              how long a response to a produce or fetch request waits; never early, and late by as much as the
 *                           machine wakes a thread late
 * @param maxProduceVersion  the newest produce request there is, 3..13; 13 names topics by id, older ones by name
 * @param fetchBatch         the record batch every fetch gets, again and again; empty for none
 * @param fetchBatches       how many of it make up a partition; 0 for one without end
 */
public record SinkOptions(int brokers, Map<String, Integer> topics, int anyTopicPartitions, Duration delay,
                          int maxProduceVersion, byte[] fetchBatch, long fetchBatches) {
    /** The oldest produce request that Kafka 4 knows. */
    public static final int MIN_PRODUCE_VERSION = 3;
    /** The newest produce request that this sink knows. */
    public static final int MAX_PRODUCE_VERSION = 13;

    static final String USAGE = """
            options of the sink broker:
              --topic NAME=PARTITIONS     a topic; may be given again
              --any-topic PARTITIONS      every other topic exists too
              --brokers N                 1
              --delay-us N                microseconds a produce or fetch response waits; 0
              --max-produce-version N     3..13; 13
              --fetch-batch FILE          a record batch (v2), which every fetch gets
              --fetch-batches N           how many of it make up a partition; 0 is without end""";

    /** Checks every limit. */
    public SinkOptions {
        topics = Map.copyOf(topics);
        check(brokers >= 1 && brokers <= 1000, "brokers must be 1..1000, asked for " + brokers);
        topics.forEach((name, partitions) -> check(partitions >= 1,
                "topic " + name + " must have 1 partition or more, asked for " + partitions));
        check(anyTopicPartitions >= 0, "a topic must have 1 partition or more, asked for " + anyTopicPartitions);
        check(!topics.isEmpty() || anyTopicPartitions > 0, "there must be a topic: name one, or let any topic exist");
        check(!delay.isNegative(), "the delay must be 0 or more, asked for " + delay);
        check(maxProduceVersion >= MIN_PRODUCE_VERSION && maxProduceVersion <= MAX_PRODUCE_VERSION,
                "produce requests have versions 3..13, asked for " + maxProduceVersion);
        check(fetchBatches >= 0, "a partition holds 0 (no end) or more batches, asked for " + fetchBatches);
        if (fetchBatch.length > 0) {
            new PreparedBatch(fetchBatch, fetchBatches);
        }
    }

    private static void check(boolean fine, String message) {
        if (!fine) {
            throw new IllegalArgumentException(message);
        }
    }

    /** A batch of uncompressed records without keys, for {@code fetchBatch}. */
    public static byte[] uncompressedBatch(int records, int valueBytes) {
        check(records >= 1 && valueBytes >= 0 && records * (valueBytes + 30L) < 1 << 30,
                "a batch of " + records + " records of " + valueBytes + " bytes cannot be made");
        return PreparedBatch.of(records, valueBytes);
    }

    /**
     * As arguments of {@link dev.millrace.testkit.SinkBroker#main}.
     *
     * @param folder where the batch is put, if there is one
     */
    public List<String> toArgs(Path folder) {
        List<String> args = new ArrayList<>();
        topics.forEach((name, partitions) -> args.addAll(List.of("--topic", name + "=" + partitions)));
        if (anyTopicPartitions > 0) {
            args.addAll(List.of("--any-topic", "" + anyTopicPartitions));
        }
        args.addAll(List.of("--brokers", "" + brokers, "--delay-us", "" + delay.toNanos() / 1000,
                "--max-produce-version", "" + maxProduceVersion, "--fetch-batches", "" + fetchBatches));
        if (fetchBatch.length > 0) {
            Path file = folder.resolve("fetch-batch");
            try {
                args.addAll(List.of("--fetch-batch", Files.write(file, fetchBatch).toString()));
            } catch (IOException e) {
                throw new UncheckedIOException("the batch for fetches could not be written to " + file, e);
            }
        }
        return args;
    }

    /**
     * Reads arguments of a command line.
     *
     * @throws IllegalArgumentException if one is wrong; the message ends with all there are
     */
    public static SinkOptions parse(String[] args) {
        Map<String, Integer> topics = new LinkedHashMap<>();
        Map<String, String> values = new LinkedHashMap<>();
        try {
            check(args.length % 2 == 0, "every option has a value");
            for (int i = 0; i < args.length; i += 2) {
                String value = args[i + 1];
                if (args[i].equals("--topic")) {
                    int equals = value.lastIndexOf('=');
                    check(equals > 0, "--topic wants NAME=PARTITIONS, got " + value);
                    topics.put(value.substring(0, equals), Integer.parseInt(value.substring(equals + 1)));
                } else {
                    check(USAGE.contains("  " + args[i] + " "), "there is no option " + args[i]);
                    values.put(args[i], value);
                }
            }
            String file = values.get("--fetch-batch");
            return new SinkOptions(number(values, "--brokers", 1), topics, number(values, "--any-topic", 0),
                    Duration.ofNanos(number(values, "--delay-us", 0) * 1000L),
                    number(values, "--max-produce-version", MAX_PRODUCE_VERSION),
                    file == null ? new byte[0] : Files.readAllBytes(Path.of(file)),
                    Long.parseLong(values.getOrDefault("--fetch-batches", "0")));
        } catch (IllegalArgumentException | IOException e) {
            throw new IllegalArgumentException(e.getMessage() + "\n" + USAGE, e);
        }
    }

    private static int number(Map<String, String> values, String option, int otherwise) {
        String value = values.get(option);
        return value == null ? otherwise : Integer.parseInt(value);
    }
}
