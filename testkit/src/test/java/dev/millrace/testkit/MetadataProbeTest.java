package dev.millrace.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.millrace.testkit.MetadataProbe.Partition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseBroker;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponsePartition;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;
import org.junit.jupiter.api.Test;

/** The hand-made bytes against kafka-clients' own. */
class MetadataProbeTest {
    private static final short VERSION = 7;
    private static final short HEADER_VERSION = 1;

    @Test
    void shouldAskAsKafkaDoes() throws IOException {
        ByteBuffer request = ByteBuffer.wrap(MetadataProbe.request("töpic"));
        assertEquals(request.remaining() - Integer.BYTES, request.getInt());
        RequestHeaderData header = new RequestHeaderData(new ByteBufferAccessor(request), HEADER_VERSION);
        assertEquals(3, header.requestApiKey());
        assertEquals(VERSION, header.requestApiVersion());
        MetadataRequestData body = new MetadataRequestData(new ByteBufferAccessor(request), VERSION);
        assertEquals("töpic", body.topics().get(0).name());
        assertFalse(body.allowAutoTopicCreation());
        assertEquals(0, request.remaining());
    }

    @Test
    void shouldReadTheLeadersOfEveryPartition() {
        MetadataResponseTopic topic = new MetadataResponseTopic().setName("orders").setPartitions(List.of(
                partition(0, 2, (short) 0), partition(1, -1, (short) 5), partition(2, 1, (short) 0)));
        assertEquals(Map.of(0, view(2), 1, view(-1), 2, view(1)), parse(topic));
    }

    @Test
    void shouldKnowNoLeadersOfAnUnknownTopic() {
        assertEquals(Map.of(), parse(new MetadataResponseTopic().setName("orders").setErrorCode((short) 3)));
    }

    private static MetadataResponsePartition partition(int index, int leader, short error) {
        return new MetadataResponsePartition().setPartitionIndex(index).setLeaderId(leader).setErrorCode(error)
                .setLeaderEpoch(4).setReplicaNodes(List.of(3, 1, 2)).setIsrNodes(List.of(2))
                .setOfflineReplicas(List.of(1, 3));
    }

    private static Partition view(int leader) {
        return new Partition(leader, 4, List.of(3, 1, 2));
    }

    private static Map<Integer, Partition> parse(MetadataResponseTopic topic) {
        MetadataResponseData response = new MetadataResponseData().setControllerId(1).setClusterId("c");
        response.brokers().add(new MetadataResponseBroker().setNodeId(1).setHost("127.0.0.1").setPort(9).setRack("r"));
        response.brokers().add(new MetadataResponseBroker().setNodeId(2).setHost("127.0.0.1").setPort(8));
        response.topics().add(topic);
        ByteBuffer body = MessageUtil.toByteBufferAccessor(response, VERSION).buffer();
        ByteBuffer whole = ByteBuffer.allocate(Integer.BYTES + body.remaining()).putInt(0).put(body).flip();
        return MetadataProbe.parse(whole);
    }
}
