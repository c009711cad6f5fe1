package dev.millrace.perf.consume;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToLongFunction;

/** What the results of all partitions say together. */
public final class Partitions {
    private Partitions() {
    }

    public static long missing(List<PartitionResult> partitions) {
        return sum(partitions, PartitionResult::missing);
    }

    public static long duplicates(List<PartitionResult> partitions) {
        return sum(partitions, PartitionResult::duplicates);
    }

    /** Records never handled, handlings beyond the first, and records handled that should not be there. */
    public static long errors(List<PartitionResult> partitions) {
        return missing(partitions) + duplicates(partitions) + sum(partitions, PartitionResult::notThere);
    }

    /** Records handled once at least, and there. */
    public static long confirmed(List<PartitionResult> partitions) {
        return sum(partitions, partition -> partition.expected() - partition.missing());
    }

    private static long sum(List<PartitionResult> partitions, ToLongFunction<PartitionResult> count) {
        return partitions.stream().mapToLong(count).sum();
    }

    /** What was handled and should not have been, or was not, in sentences. */
    public static List<String> wrongHandlings(List<PartitionResult> partitions) {
        List<String> wrong = new ArrayList<>();
        for (PartitionResult partition : partitions) {
            if (partition.missing() > 0) {
                wrong.add(String.format(Locale.ROOT, "partition %d: %,d of %,d records were never handled, the first at offset %d",
                        partition.partition(), partition.missing(), partition.expected(), partition.firstMissing()));
            }
            if (partition.duplicates() > 0) {
                wrong.add(String.format(Locale.ROOT, "partition %d: %,d records were handled again that had been handled",
                        partition.partition(), partition.duplicates()));
            }
            if (partition.notThere() > 0) {
                wrong.add(String.format(Locale.ROOT, "partition %d: %,d records were handled that a reader is not given",
                        partition.partition(), partition.notThere()));
            }
        }
        return wrong;
    }

    /** What is committed and should not be, in sentences. */
    public static List<String> wrongCommits(List<PartitionResult> partitions) {
        List<String> wrong = new ArrayList<>();
        for (PartitionResult partition : partitions) {
            if (partition.committedWrongly()) {
                wrong.add(String.format(Locale.ROOT, "partition %d: after close() offset %s is committed, and the last record is at "
                        + "%d, the end at %d", partition.partition(), partition.committed() < 0 ? "none" : partition.committed() + "",
                        partition.last(), partition.to()));
            }
        }
        return wrong;
    }
}
