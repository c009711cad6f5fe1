package dev.millrace.internal.producer.send;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.apache.kafka.clients.ClientRequest;
import org.apache.kafka.clients.ClientResponse;
import org.apache.kafka.clients.producer.internals.ProducerMetadata;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData;
import org.apache.kafka.common.message.EndTxnResponseData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.AddPartitionsToTxnRequest;
import org.apache.kafka.common.requests.AddPartitionsToTxnResponse;
import org.apache.kafka.common.requests.EndTxnRequest;
import org.apache.kafka.common.requests.EndTxnResponse;
import org.apache.kafka.common.requests.FindCoordinatorRequest;
import org.apache.kafka.common.requests.FindCoordinatorResponse;
import org.apache.kafka.common.requests.InitProducerIdRequest;
import org.apache.kafka.common.requests.InitProducerIdResponse;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.ProduceResponse;
import org.apache.kafka.common.utils.MockTime;

/**
 * A client for an engine on threads of its own: polls wait until they are woken, or an answer is there, and brokers that
 * check what a transactional producer may send answer it, late and with errors at random.
 *
 * <p>What is shorter than a second is not waited for: the clock steps over it. What is longer nobody should have to wait for.
 */
final class SimulatedBrokers extends SteppedClient {

    private static final long PRODUCER_ID = 4711;
    private static final long BACKOFF_MS = 1000;

    /** A transaction that has ended. */
    record Ended(boolean committed, List<String> records) {
    }

    private final MockTime time;
    private final ProducerMetadata metadata;
    private final Random random;
    private final boolean v2;
    private boolean woken;

    // ---- the sender thread; others after it has ended ----
    final List<Ended> ended = new ArrayList<>();
    final List<String> violations = new ArrayList<>();
    private final Set<TopicPartition> added = new HashSet<>();
    private final Map<Integer, Integer> nextSequence = new HashMap<>();
    private List<String> ongoing = new ArrayList<>();
    private short epoch = -1;

    SimulatedBrokers(MockTime time, ProducerMetadata metadata, boolean v2, long seed) {
        super(time, metadata);
        this.time = time;
        this.metadata = metadata;
        this.v2 = v2;
        this.random = new Random(seed);
    }

    @Override
    public synchronized void wakeup() {
        woken = true;
        notifyAll();
    }

    private synchronized void sleep(long timeoutMs) {
        if (!woken && requests().isEmpty() && timeoutMs > BACKOFF_MS) {
            try {
                while (!woken)
                    wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        } else if (!woken && requests().isEmpty()) {
            time.sleep(timeoutMs);
        }
        woken = false;
    }

    @Override
    public List<ClientResponse> poll(long timeoutMs, long nowMs) {
        sleep(timeoutMs);
        for (ClientRequest request : List.copyOf(requests()))
            if (random.nextInt(4) > 0)
                respondToRequest(request, answer(request));
        return super.poll(0, nowMs);
    }

    private boolean sometimes(int percent) {
        return random.nextInt(100) < percent;
    }

    private AbstractResponse answer(ClientRequest request) {
        AbstractRequest body = request.requestBuilder().build();
        if (body instanceof ProduceRequest)
            return produce(request);
        if (body instanceof FindCoordinatorRequest find)
            return FindCoordinatorResponse.prepareResponse(Errors.NONE, find.data().coordinatorKeys().get(0), coordinator());
        if (body instanceof InitProducerIdRequest) {
            epoch++;
            nextSequence.clear();
            return new InitProducerIdResponse(new InitProducerIdResponseData().setProducerId(PRODUCER_ID)
                    .setProducerEpoch(epoch));
        }
        if (body instanceof AddPartitionsToTxnRequest)
            return addPartitions((AddPartitionsToTxnRequest) request.requestBuilder().build((short) 3));
        return end((EndTxnRequest) body);
    }

    private Node coordinator() {
        List<Node> nodes = metadata.fetch().nodes();
        return nodes.get(random.nextInt(nodes.size()));
    }

    private AbstractResponse addPartitions(AddPartitionsToTxnRequest request) {
        Errors error = sometimes(10) ? Errors.CONCURRENT_TRANSACTIONS : Errors.NONE;
        Map<TopicPartition, Errors> errors = new HashMap<>();
        for (TopicPartition partition : AddPartitionsToTxnRequest.getPartitions(request.data().v3AndBelowTopics())) {
            errors.put(partition, error);
            if (error == Errors.NONE && !added.add(partition))
                violations.add(partition + " was added twice");
        }
        return new AddPartitionsToTxnResponse(new AddPartitionsToTxnResponseData().setResultsByTopicV3AndBelow(
                AddPartitionsToTxnResponse.resultForTransaction(AddPartitionsToTxnResponse.V3_AND_BELOW_TXN_ID, errors)
                        .topicResults()));
    }

    private AbstractResponse end(EndTxnRequest request) {
        if (sometimes(10))
            return new EndTxnResponse(new EndTxnResponseData().setErrorCode(
                    (sometimes(50) ? Errors.CONCURRENT_TRANSACTIONS : Errors.NOT_COORDINATOR).code()));
        if (request.data().producerEpoch() != epoch)
            violations.add("end with epoch " + request.data().producerEpoch() + " in epoch " + epoch);
        ended.add(new Ended(request.data().committed(), ongoing));
        ongoing = new ArrayList<>();
        added.clear();
        if (!v2)
            return new EndTxnResponse(new EndTxnResponseData());
        epoch++;
        nextSequence.clear();
        return new EndTxnResponse(new EndTxnResponseData().setProducerId(PRODUCER_ID).setProducerEpoch(epoch));
    }

    private AbstractResponse produce(ClientRequest request) {
        TopicProduceResponse topic = new TopicProduceResponse().setName(EngineHarness.TOPIC).setTopicId(EngineHarness.TOPIC_ID);
        for (EngineHarness.Sent batch : EngineHarness.batches(request))
            topic.partitionResponses().add(new PartitionProduceResponse().setIndex(batch.partition())
                    .setErrorCode(write(batch).code()).setBaseOffset(0));
        ProduceResponseData data = new ProduceResponseData();
        data.responses().add(topic);
        return new ProduceResponse(data);
    }

    private Errors write(EngineHarness.Sent batch) {
        if (sometimes(3))
            return Errors.NOT_LEADER_OR_FOLLOWER;
        if (batch.epoch() != epoch)
            violations.add(batch + " in epoch " + epoch);
        if (!v2 && !added.contains(new TopicPartition(EngineHarness.TOPIC, batch.partition())))
            violations.add(batch + " before its partition was added");
        int next = nextSequence.getOrDefault(batch.partition(), 0);
        if (batch.sequence() != next)
            return batch.sequence() < next ? Errors.DUPLICATE_SEQUENCE_NUMBER : Errors.OUT_OF_ORDER_SEQUENCE_NUMBER;
        nextSequence.put(batch.partition(), next + batch.values().size());
        ongoing.addAll(batch.values());
        // It is written, and the answer says nothing of that.
        return sometimes(2) ? Errors.REQUEST_TIMED_OUT : Errors.NONE;
    }
}
