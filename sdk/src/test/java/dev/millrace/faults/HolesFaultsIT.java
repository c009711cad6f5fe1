package dev.millrace.faults;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.NothingLeftBehind;
import dev.millrace.internal.consumer.offsets.DoneOffsets;
import dev.millrace.internal.consumer.offsets.OffsetMapCodec;
import dev.millrace.testkit.KafkaCluster;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * As {@link ConsumerFaultsIT}, with what may be found in the log and in commits: offsets without records, and metadata that are not to be
 * believed, or too long for the brokers.
 */
@ExtendWith(NothingLeftBehind.class)
@Tag("faults")
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class HolesFaultsIT {

    /** Partitions by what the group finds committed for them, and where all begin that have anything. */
    private static final int FOREIGN = 0;
    private static final int CORRUPT = 1;
    private static final int OTHER_TOPIC = 2;
    private static final int OTHER_BASE = 3;
    private static final int VALID = 4;
    private static final int STUCK = 5;

    private static ConsumerStage stage;
    private static KafkaCluster kafka;

    @BeforeAll
    static void start() throws Exception {
        stage = new ConsumerStage(Map.of(
                // So little that a map of what is done is too long for it.
                "offset.metadata.max.bytes", "1024",
                "log.cleaner.backoff.ms", "500"));
        kafka = stage.cluster().kafka();
    }

    @AfterAll
    static void stop() {
        if (stage != null)
            stage.close();
    }

    @Test
    void shouldSkipNothingWhateverIsInCommitsAndBetweenRecords() throws Exception {
        String topic = "holes";
        HoleyTopic holes = new HoleyTopic(kafka, topic, ConsumerRun.PARTITIONS, new Random(Scenario.seed()));
        // As many as there is room for in a map of 1,024 characters, and more.
        holes.fill(Length.current().pick(5_000, 170_000), STUCK, 12_000);
        // Nobody begins before all have their partitions: what a map has no room for would come again with a partition that moves.
        try (ConsumerRun run = new ConsumerRun(stage, topic, "partition.assignment.strategy", CooperativeStickyAssignor.class.getName(),
                "session.timeout.ms", 30_000, "heartbeat.interval.ms", 500, "isolation.level", "read_committed",
                "millrace.consumer.drain.timeout.ms", 1_000, "test.gate", true, "test.hang", true)) {
            BitSet[] there = holes.there();
            long left = 0;
            for (int partition = 0; partition < there.length; partition++) {
                BitSet notThere = new BitSet();
                notThere.set(0, kafka.endOffsets(topic).get(partition).intValue());
                notThere.andNot(there[partition]);
                run.nothingAt(partition, notThere);
                left += there[partition].cardinality();
            }
            assertTrue(left < holes.committed(), "compaction took nothing");
            plantCommits(run, there);
            List<Member> members = run.openAll(ConsumerStage.MEMBERS);
            members.forEach(member -> member.process().tell("gate", "open"));
            run.await("a map is refused", () -> logged(members, "takes less than") > 0);
            members.forEach(member -> member.process().tell("hands", "free"));
            run.finish().assertKept();
            assertTrue(logged(members, "are ignored") >= OTHER_BASE - FOREIGN + 1, "metadata that are not to be believed were not seen");
        }
    }

    /** Commits that say that a hundred records are done, and are not to be believed, but one. */
    private static void plantCommits(ConsumerRun run, BitSet[] there) throws Exception {
        long base = there[VALID].nextSetBit(500);
        DoneOffsets done = DoneOffsets.of(base + 10, base + 110);
        // Where it is believed, nobody handles those again.
        BitSet believed = new BitSet();
        believed.set(0, (int) base);
        believed.set((int) base + 10, (int) base + 110);
        run.nothingAt(VALID, believed);
        Map<TopicPartition, OffsetAndMetadata> commits = new HashMap<>();
        commits.put(new TopicPartition(run.name(), FOREIGN), new OffsetAndMetadata(0, "me too"));
        commits.put(new TopicPartition(run.name(), CORRUPT), new OffsetAndMetadata(0, map(done, run.topicId(), 0).replace('A', 'B')));
        commits.put(new TopicPartition(run.name(), OTHER_TOPIC), new OffsetAndMetadata(0, map(done, Uuid.randomUuid(), 0)));
        commits.put(new TopicPartition(run.name(), OTHER_BASE), new OffsetAndMetadata(0, map(done, run.topicId(), 1)));
        commits.put(new TopicPartition(run.name(), VALID), new OffsetAndMetadata(base, map(done, run.topicId(), base)));
        kafka.admin().alterConsumerGroupOffsets(run.name(), commits).all().get();
    }

    private static String map(DoneOffsets done, Uuid topicId, long base) {
        return OffsetMapCodec.encode(done, topicId, base, OffsetMapCodec.DEFAULT_MAX_BYTES);
    }

    private static int logged(List<Member> members, String text) {
        return members.stream().mapToInt(member -> member.process().logged(text)).sum();
    }
}
