package dev.millrace.perf.compare;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.perf.spec.Client;
import dev.millrace.perf.spec.ClientSettings;
import dev.millrace.perf.spec.Load;
import dev.millrace.perf.spec.ProduceSpec;
import dev.millrace.perf.spec.Targets;
import dev.millrace.perf.spec.Where;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Comparisons of runs that never were: closed loop, 10,000 records, and in each pair one value of each side, unless changed. */
final class Comparisons {
    private final double[][] cpu;
    private double throughput = -1;
    private long records = 10_000;
    private boolean stopped;
    private boolean unconfirmed;
    private String notValid;
    private List<String> targets = List.of();

    private Comparisons(double[][] cpu) {
        this.cpu = cpu;
    }

    /** @param cpu CPU seconds per million records of each pair, A and B; the rate is 1,000,000 divided by it */
    static Comparisons ofCpu(double[]... cpu) {
        return new Comparisons(cpu);
    }

    static double[] pair(double a, double b) {
        return new double[] {a, b};
    }

    Comparisons throughput(double recordsPerSecond) {
        throughput = recordsPerSecond;
        return this;
    }

    Comparisons records(long count) {
        records = count;
        return this;
    }

    Comparisons stopped() {
        stopped = true;
        return this;
    }

    Comparisons unconfirmed() {
        unconfirmed = true;
        return this;
    }

    /** Of A's first run. */
    Comparisons notValid(String reason) {
        notValid = reason;
        return this;
    }

    Comparisons targets(String... expressions) {
        targets = List.of(expressions);
        return this;
    }

    Comparison make() {
        List<Comparison.Pair> pairs = new ArrayList<>();
        for (int i = 0; i < cpu.length; i++) {
            pairs.add(new Comparison.Pair(i % 2 == 0, run("millrace", 2 * i, cpu[i][0]), run("kafka", 2 * i + 1, cpu[i][1])));
        }
        if (notValid != null) {
            pairs.get(0).a().withObject("/detail").withArray("not_valid").add(notValid);
        }
        return new Comparison(Side.parse("A", List.of("client=millrace"), SideKeys.PRODUCE),
                Side.parse("B", List.of("client=kafka,linger.ms=9"), SideKeys.PRODUCE),
                new ProduceRuns(spec(Client.MILLRACE), spec(Client.KAFKA)), pairs, RatioTargets.parse(targets, ProduceRuns.FIGURES),
                stopped);
    }

    private ProduceSpec spec(Client client) {
        Load load = new Load(records, 2_000_000, 100, Optional.empty(), "\n", throughput, 2, 0, 1);
        Where where = new Where(Optional.empty(), Optional.empty(), 1, Optional.empty(), OptionalInt.empty(), OptionalInt.empty());
        return new ProduceSpec(client, ClientSettings.of(Optional.empty(), List.of()), load, Optional.empty(), where,
                Targets.parse(List.of()));
    }

    private ObjectNode run(String client, int number, double cpuSeconds) {
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode run = mapper.createObjectNode();
        run.put("client", client);
        run.put("num_records", records);
        run.put("records_confirmed", unconfirmed ? null : records);
        run.put("records_per_s", 1e6 / cpuSeconds);
        run.putObject("response_ms").put("p50", cpuSeconds).put("p90", 2).put("p99", 3).put("p99_9", 4);
        run.put("cpu_s_per_million", cpuSeconds);
        run.put("alloc_bytes_per_record", 100 * cpuSeconds);
        run.put("records_per_request", 200);
        run.putNull("records_per_batch");
        run.put("batch_bytes_avg", 16_000);
        ObjectNode config = run.putObject("config");
        config.put("threads", 2).put("record_size", 100).put("key_cardinality", 0).put("partitions", 6)
                .put("brokers", "1 embedded broker").put("topic", "t-" + number);
        config.putObject("client").put("acks", "all").put("linger.ms", client.equals("kafka") ? 9 : 5);
        ObjectNode detail = run.putObject("detail");
        detail.putArray("not_valid");
        detail.put("cpu_user_s_per_million", cpuSeconds / 2)
                .put("cpu_without_compiler_s_per_million", cpuSeconds / 4).put("alloc_bytes_per_record_all_threads", 200 * cpuSeconds)
                .put("jit_ms", 17);
        return run;
    }
}
