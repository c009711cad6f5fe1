package dev.millrace.perf.broker;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the logs hold beside what was acknowledged.
 *
 * @param confirmed records found; empty when nobody counted
 * @param acknowledged records the client was told are stored
 * @param notCounted why nobody counted; blank otherwise
 */
public record Confirmation(OptionalLong confirmed, long acknowledged, String notCounted) {
    public static Confirmation counted(long confirmed, long acknowledged) {
        return new Confirmation(OptionalLong.of(confirmed), acknowledged, "");
    }

    public static Confirmation none(long acknowledged, String reason) {
        return new Confirmation(OptionalLong.empty(), acknowledged, reason);
    }

    /**
     * What is wrong, when something is.
     *
     * @param failed records that ended in an error: some of them may be stored all the same, for their acknowledgement can
     *     be what got lost
     */
    public Optional<String> contradiction(long failed, Topic topic) {
        if (confirmed.isEmpty()) {
            return Optional.empty();
        }
        long found = confirmed.getAsLong();
        if (found >= acknowledged && found <= acknowledged + failed) {
            return Optional.empty();
        }
        String difference = found < acknowledged
                ? String.format(Locale.ROOT, "%,d acknowledged records are missing", acknowledged - found)
                : String.format(Locale.ROOT, "%,d records are there that nobody acknowledged (duplicates%s)",
                        found - acknowledged, topic.madeForRun() ? "" : ", or others write to this topic");
        return Optional.of(String.format(Locale.ROOT, "%,d records were acknowledged but the log of %s grew by %,d: %s",
                acknowledged, topic.name(), found, difference));
    }
}
