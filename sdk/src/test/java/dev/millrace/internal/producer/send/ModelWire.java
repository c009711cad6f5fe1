package dev.millrace.internal.producer.send;

import dev.millrace.internal.producer.send.EngineHarness.Options;
import dev.millrace.internal.producer.send.EngineHarness.Sent;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.ClientRequest;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ProduceResponse;

/** What an engine puts on the wire in a run against a model of brokers: nothing twice, under one sequence one thing. One thread. */
final class ModelWire {

    private final EngineHarness engine;
    private final Options options;
    private final ModelStory story;
    /** Requests as they were when they were sent. */
    private final Map<ClientRequest, List<Sent>> seen = new IdentityHashMap<>();
    /** What was first sent under a sequence: no other may ever be. */
    private final Map<List<Object>, List<String>> bySequence = new HashMap<>();

    ModelWire(EngineHarness engine, Options options, ModelStory story) {
        this.engine = engine;
        this.options = options;
        this.story = story;
    }

    /** The values that a broker's answer to a request acknowledges. */
    List<String> acknowledged(ClientRequest request, ProduceResponse response) {
        Set<Integer> partitions = new HashSet<>();
        response.data().responses().forEach(topic -> topic.partitionResponses().forEach(partition -> {
            if (partition.errorCode() == Errors.NONE.code() || partition.errorCode() == Errors.DUPLICATE_SEQUENCE_NUMBER.code())
                partitions.add(partition.index());
        }));
        return seen.get(request).stream().filter(sent -> partitions.contains(sent.partition()))
                .flatMap(sent -> sent.values().stream()).toList();
    }

    void check() {
        boolean news = false;
        for (ClientRequest request : engine.client.requests())
            if (!seen.containsKey(request)) {
                news = true;
                if (ClusterModel.isInit(request)) {
                    story.note("node %s is asked for a producer id, request %d", request.destination(), request.correlationId());
                    seen.put(request, List.of());
                } else {
                    seen.put(request, EngineHarness.batches(request));
                    seen.get(request).forEach(sent -> checkNew(request, sent));
                }
            }
        if (!news)
            return;
        Set<String> onWire = new HashSet<>();
        Map<Integer, Integer> inFlight = new HashMap<>();
        for (ClientRequest request : engine.client.requests())
            for (Sent sent : seen.get(request)) {
                for (String value : sent.values())
                    if (!onWire.add(value))
                        story.fail("On the wire twice: " + value);
                if (inFlight.merge(sent.partition(), 1, Integer::sum) > options.maxInFlight)
                    story.fail("More than " + options.maxInFlight + " batches on the wire to partition " + sent.partition());
            }
    }

    /** Its bytes are read again: nothing may have touched them since. */
    void checkUntouched(ClientRequest request) {
        if (!ClusterModel.isInit(request) && seen.containsKey(request)
                && !EngineHarness.batches(request).equals(seen.get(request)))
            story.fail("Changed while it was on the wire: " + seen.get(request) + " became " + EngineHarness.batches(request));
    }

    private void checkNew(ClientRequest request, Sent sent) {
        if (story.isTold())
            story.note("request %d to %s: partition %d, id %d, epoch %d, sequence %d, %d records from %s", request.correlationId(),
                    request.destination(), sent.partition(), sent.producerId(), sent.epoch(), sent.sequence(),
                    sent.values().size(), sent.values().get(0).split("x")[0]);
        if (options.idempotent != sent.producerId() >= 0)
            story.fail("Sent with producer id " + sent.producerId() + ": " + sent);
        if (!options.idempotent)
            return;
        List<Object> key = List.of(sent.partition(), sent.producerId(), sent.epoch(), sent.sequence(), sent.values().size());
        List<String> before = bySequence.putIfAbsent(key, sent.values());
        if (before != null && !before.equals(sent.values()))
            story.fail("One sequence for different records: before " + before + ", now " + sent);
    }
}
