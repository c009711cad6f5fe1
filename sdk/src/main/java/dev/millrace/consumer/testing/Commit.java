package dev.millrace.consumer.testing;

import dev.millrace.internal.consumer.offsets.DoneOffsets;
import dev.millrace.internal.consumer.offsets.OffsetMapCodec;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;

/**
 * What was committed for a partition: all records before the offset are done, and beyond it those that are named.
 *
 * @param partition the partition
 * @param offset all before it is done
 * @param doneBeyond offsets above {@code offset} that are done too, ascending: who reads the partition next does not handle them again
 * @param metadata what the broker stores with the offset; says {@code doneBeyond}, for the next owner
 */
public record Commit(TopicPartition partition, long offset, List<Long> doneBeyond, String metadata) {

    static Commit of(TopicPartition partition, OffsetAndMetadata committed, Uuid topicId) {
        DoneOffsets done = OffsetMapCodec.decode(committed.metadata(), topicId, committed.offset()).done();
        List<Long> beyond = IntStream.range(0, done.rangeCount()).boxed()
                .flatMap(range -> LongStream.range(done.start(range), done.end(range)).boxed())
                .filter(offset -> offset >= committed.offset()).toList();
        return new Commit(partition, committed.offset(), beyond, committed.metadata());
    }
}
