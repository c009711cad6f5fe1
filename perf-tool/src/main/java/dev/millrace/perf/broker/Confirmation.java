package dev.millrace.perf.broker;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the logs hold beside what was acknowledged.
 *
 * @param confirmed records found; empty when nobody counted
 * @param acknowledged records the client was told are stored, and committed where there are transactions
 * @param transactional whether only what a {@code read_committed} consumer finds was counted
 * @param notCounted why nobody counted; blank otherwise
 */
public record Confirmation(OptionalLong confirmed, long acknowledged, boolean transactional, String notCounted) {
    /** By the growth of the logs. */
    public static Confirmation counted(long confirmed, long acknowledged) {
        return new Confirmation(OptionalLong.of(confirmed), acknowledged, false, "");
    }

    /** By reading what is committed. */
    public static Confirmation read(long confirmed, long committed) {
        return new Confirmation(OptionalLong.of(confirmed), committed, true, "");
    }

    public static Confirmation none(long acknowledged, String reason) {
        return new Confirmation(OptionalLong.empty(), acknowledged, false, reason);
    }

    /**
     * What is wrong, when something is.
     *
     * @param failed records that ended in an error: some of them may be stored all the same, for their acknowledgement can
     *     be what got lost; not so in an aborted transaction
     */
    public Optional<String> contradiction(long failed, Topic topic) {
        if (confirmed.isEmpty()) {
            return Optional.empty();
        }
        long found = confirmed.getAsLong();
        if (found >= acknowledged && found <= acknowledged + (transactional ? 0 : failed)) {
            return Optional.empty();
        }
        String difference = found < acknowledged
                ? String.format(Locale.ROOT, "%,d %s records are missing", acknowledged - found, said())
                : String.format(Locale.ROOT, "%,d records are there that nobody %s (duplicates%s)",
                        found - acknowledged, said(), topic.madeForRun() ? "" : ", or others write to this topic");
        return Optional.of(String.format(Locale.ROOT,
                transactional
                        ? "%,d records were %s but a read_committed consumer finds in %s %,d: %s"
                        : "%,d records were %s but the log of %s grew by %,d: %s",
                acknowledged, said(), topic.name(), found, difference));
    }

    private String said() {
        return transactional ? "committed" : "acknowledged";
    }
}
