package dev.millrace.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.millrace.testkit.LoopbackPorts.Range;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class LoopbackPortsTest {
    @Test
    void shouldPickBelowTheEphemeralRangeWhenThereIsRoom() {
        assertEquals(new Range(12_768, 32_767), LoopbackPorts.range(Range.DEFAULT));
        assertEquals(new Range(10_000, 14_999), LoopbackPorts.range(new Range(15_000, 65_000)));
    }

    @Test
    void shouldPickAboveTheEphemeralRangeWhenItStartsLow() {
        assertEquals(new Range(50_001, 65_535), LoopbackPorts.range(new Range(1_024, 50_000)));
    }

    @Test
    void shouldPickInTheUsualPlaceWhenEverythingIsEphemeral() {
        assertEquals(new Range(10_000, 32_767), LoopbackPorts.range(new Range(1_024, 65_535)));
    }

    @Test
    void shouldReadTheSystemsRange() {
        assertEquals(new Range(32_768, 60_999), Range.parse("32768\t60999\n"));
        assertThrows(IllegalArgumentException.class, () -> Range.parse("32768"));
        assertThrows(IllegalArgumentException.class, () -> Range.parse("a b"));
    }

    @Test
    void shouldGiveAPortOnlyOnceUntilItIsReleased() {
        List<Integer> ports = new ArrayList<>();
        try {
            for (int i = 0; i < 50; i++) {
                ports.add(LoopbackPorts.lease());
            }
            assertEquals(ports.size(), new HashSet<>(ports).size());
            assertFalse(LoopbackPorts.tryLease(ports.get(0)));
            LoopbackPorts.release(ports.get(0));
            assertTrue(LoopbackPorts.tryLease(ports.get(0)));
        } finally {
            ports.forEach(LoopbackPorts::release);
        }
    }

    @Test
    void shouldLeaveAPortAloneThatSomebodyListensOn() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertFalse(LoopbackPorts.tryLease(taken.getLocalPort()));
        }
    }

    @Test
    void shouldLeaveAPortAloneThatAnotherJvmHasLeased() throws IOException {
        int port = LoopbackPorts.lease();
        LoopbackPorts.release(port);
        // What a lease looks like from outside.
        try (DatagramSocket other = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))) {
            assertFalse(LoopbackPorts.tryLease(other.getLocalPort()));
        }
    }
}
