package dev.millrace.faults;

import dev.millrace.faults.HandledNotes.Kind;
import dev.millrace.faults.MemberRecords.Nature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.apache.kafka.common.Uuid;

/**
 * One scenario: a topic that is written to, a group whose members are in processes of their own, and the books. For the test's thread.
 *
 * <p>{@code -Dmillrace.faults.seed=N} repeats a run's random choices, {@code -Dmillrace.faults.records=N} makes it longer or shorter, and
 * {@code -Dmillrace.faults.verbose=true} tells what is waited for.
 */
final class ConsumerRun implements AutoCloseable {

    static final int PARTITIONS = 12;
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(Long.getLong("millrace.faults.patience", 120));
    private static final boolean VERBOSE = Boolean.getBoolean("millrace.faults.verbose");
    private static final int RECORDS = 50_000;
    private static final int RECORDS_LONG = 2_000_000;

    private final FaultCluster cluster;
    private final CommitWatch watch;
    private final MemberPool pool;
    private final String name;
    private final Length length = Length.current();
    private final long seed = Scenario.seed();
    private final Random random = new Random(seed);
    private final long startNs = System.nanoTime();
    private final Map<String, Object> config = new LinkedHashMap<>();
    private final BitSet[] notThere = new BitSet[PARTITIONS];
    private final List<Member> open = new ArrayList<>();
    private final HandledLedger ledger;
    private final Uuid topicId;
    private ConsumerFeed feed;
    private int opened;

    /**
     * @param name of the topic, which is there, and of the group
     * @param overrides of the consumers' configuration: key, value, key, value, ...
     */
    ConsumerRun(ConsumerStage stage, String name, Object... overrides) throws Exception {
        this.cluster = stage.cluster();
        this.watch = stage.watch();
        this.pool = stage.pool();
        this.name = name;
        System.out.printf("%s begins, seed %d%n", name, seed);
        for (int i = 0; i < PARTITIONS; i++)
            notThere[i] = new BitSet();
        config.putAll(Map.of("bootstrap.servers", cluster.kafka().bootstrapServers(), "group.id", name, "auto.offset.reset", "earliest",
                "reconnect.backoff.max.ms", 200, "millrace.consumer.commit.interval.ms", 200, "millrace.consumer.concurrency", 8,
                "millrace.consumer.drain.timeout.ms", 10_000));
        for (int i = 0; i < overrides.length; i += 2)
            config.put((String) overrides[i], overrides[i + 1]);
        topicId = cluster.kafka().admin().describeTopics(List.of(name)).topicNameValues().get(name).get().topicId();
        ledger = new HandledLedger(topicId, PARTITIONS);
        watch.listen(name, ledger);
    }

    // ---------------------------------------------------------------- records

    /** Begins to write plain records. */
    ConsumerRun feed() {
        return feed(number -> Nature.PLAIN);
    }

    ConsumerRun feed(IntFunction<Nature> natures) {
        feed = new ConsumerFeed(cluster.kafka().bootstrapServers(), name, length.pick(4_000, 8_000), natures, seed);
        return this;
    }

    /** How many are written at least. */
    int records() {
        return Integer.getInteger("millrace.faults.records", length.pick(RECORDS, RECORDS_LONG));
    }

    /** Whether it is time for faults to end, in a long run; a short one makes each once. */
    boolean goesOn() {
        return length == Length.LONG && feed.written() < records();
    }

    /** Of the topic, and of the group. */
    String name() {
        return name;
    }

    Random random() {
        return random;
    }

    Uuid topicId() {
        return topicId;
    }

    HandledLedger ledger() {
        return ledger;
    }

    /** There is no record at these offsets, or nobody needs to handle it. */
    void nothingAt(int partition, BitSet offsets) {
        notThere[partition].or(offsets);
        ledger.nothingAt(partition, offsets);
    }

    // ---------------------------------------------------------------- members

    /** Opens a consumer in a process that has none, with settings beyond those of the run; does not wait for it. */
    Member open(Object... more) throws InterruptedException, IOException {
        Map<String, Object> settings = new LinkedHashMap<>(config);
        for (int i = 0; i < more.length; i += 2)
            settings.put((String) more[i], more[i + 1]);
        String id = name + "-" + ++opened;
        settings.put("client.id", id);
        MemberProcess process = pool.take();
        Member member = new Member(id, process, Files.createTempFile("millrace-notes", ".bin"));
        ledger.add(member);
        open.add(member);
        List<String> words = new ArrayList<>(List.of("open", id, member.file().toString(), name));
        settings.forEach((key, value) -> words.add(key + "=" + value));
        process.tell(words.toArray(String[]::new));
        return member;
    }

    /** Opens some, and waits until all partitions are shared among those that are open. */
    List<Member> openAll(int count) throws InterruptedException, IOException {
        List<Member> members = new ArrayList<>();
        for (int i = 0; i < count; i++)
            members.add(open());
        awaitShared();
        return members;
    }

    List<Member> members() {
        return List.copyOf(open);
    }

    /** One of those that are open, at random. */
    Member any() {
        return open.get(random.nextInt(open.size()));
    }

    void awaitShared() throws InterruptedException {
        await("all partitions are shared among " + open.size() + " members", () -> ledger.isShared(open));
    }

    void beginClose(Member member) {
        member.process().tell("close", member.id());
    }

    /** Blocks until it is; returns how long it took, in ms. */
    long awaitClosed(Member member) throws InterruptedException {
        String line = member.process().awaitLine("closed " + member.id() + " ");
        if (!line.endsWith(" well"))
            throw new AssertionError(line + "\n" + member.process().tail());
        member.closed();
        open.remove(member);
        pool.putBack(member.process());
        return Long.parseLong(line.split(" ")[2]);
    }

    void close(Member member) throws InterruptedException {
        beginClose(member);
        awaitClosed(member);
    }

    /** Records that it has fetched and not done. */
    long inFlight(Member member) throws InterruptedException {
        String question = member.id() + "-" + System.nanoTime();
        member.process().tell("in-flight", question);
        return Long.parseLong(member.process().awaitLine("in-flight " + question).split(" ")[2]);
    }

    /** SIGKILL. */
    void kill(Member member) throws InterruptedException {
        member.process().kill();
        ledger.read();
        member.killed();
        open.remove(member);
        pool.startAnother();
    }

    // ---------------------------------------------------------------- waiting

    /** Blocks until so many more were handled than now, by anyone. */
    void awaitHandled(int more) throws InterruptedException {
        long target = ledger.handled() + more;
        await(more + " more are handled", () -> ledger.handled() >= target);
    }

    /** Blocks until more is in each partition than now. */
    void awaitWritten() throws InterruptedException {
        SortedMap<Integer, Long> before = cluster.kafka().endOffsets(name);
        await("all partitions are written to", () -> cluster.kafka().endOffsets(name).entrySet().stream()
                .allMatch(end -> end.getValue() > before.get(end.getKey())));
    }

    /** Blocks until all is committed that is written now. */
    void awaitCaughtUp() throws InterruptedException {
        SortedMap<Integer, Long> ends = cluster.kafka().endOffsets(name);
        await("all is committed that was written", () -> ledger.isCommitted(ends));
    }

    void awaitHandledBy(Member member, int more) throws InterruptedException {
        int target = ledger.count(member, Kind.END) + more;
        await(more + " more are handled by " + member.id(), () -> ledger.count(member, Kind.END) >= target);
    }

    void await(String what, Callable<Boolean> condition) throws InterruptedException {
        long deadlineNs = System.nanoTime() + PATIENCE_NS;
        Exception last = null;
        while (System.nanoTime() - deadlineNs < 0) {
            try {
                if (condition.call()) {
                    if (VERBOSE)
                        System.out.printf("%s, %.1f s: %s%n", name, (System.nanoTime() - startNs) / 1e9, what);
                    return;
                }
            } catch (ExecutionException e) {
                // Brokers come and go.
                last = e;
            } catch (Exception e) {
                throw new IllegalStateException("Waiting: " + what, e);
            }
            for (Member member : open)
                if (member.process().line("failed") != null)
                    throw new AssertionError(member.id() + ": " + member.process().line("failed") + "\n" + member.process().tail());
                else if (!member.process().isAlive())
                    throw new AssertionError(member.id() + " is dead\n" + member.process().tail());
            watch.assertRuns();
            TimeUnit.MILLISECONDS.sleep(20);
        }
        throw new AssertionError("Waited in vain: " + what + "\n" + state() + tails(), last);
    }

    private String state() {
        return ledger.state(cluster.kafka().endOffsets(name));
    }

    private String tails() {
        StringBuilder tails = new StringBuilder();
        open.forEach(member -> tails.append("--- ").append(member.id()).append('\n').append(member.process().tail()).append('\n'));
        return tails.toString();
    }

    // ---------------------------------------------------------------- the end

    /** Writes what is left to be written, waits until all is handled and committed, closes all members, and goes through the books. */
    HandledReport finish() throws Exception {
        if (feed != null)
            feed.stopAfter(records());
        SortedMap<Integer, Long> ends = cluster.kafka().endOffsets(name);
        await("all is committed", () -> ledger.isCommitted(ends));
        // A partition for which nothing was ever committed is had by nobody who could.
        List<Member> left = members();
        left.forEach(this::beginClose);
        for (Member member : left)
            awaitClosed(member);
        ledger.read();
        long sum = ends.values().stream().mapToLong(Long::longValue).sum();
        for (BitSet nothing : notThere)
            sum -= nothing.cardinality();
        HandledReport report = new HandledReport(sum, ledger);
        for (int partition = 0; partition < PARTITIONS; partition++)
            new PartitionAudit(partition, ledger, notThere[partition], report).run(ends.get(partition));
        report.seconds = (System.nanoTime() - startNs) / 1e9;
        System.out.println(report.line(name, seed));
        return report;
    }

    @Override
    public void close() {
        watch.listen(name, null);
        if (feed != null)
            feed.close();
        // A failed test leaves them in whatever state.
        for (Member member : open)
            member.process().close();
        for (Member member : ledger.members()) {
            try {
                Files.deleteIfExists(member.file());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
