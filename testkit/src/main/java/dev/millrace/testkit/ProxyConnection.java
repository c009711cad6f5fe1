package dev.millrace.testkit;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/** A client's connection and the one made to the broker for it. Proxy's thread only. */
final class ProxyConnection {
    private final SocketChannel client;
    private final SocketChannel broker;
    private final SelectionKey clientKey;
    private final SelectionKey brokerKey;
    private final ProxyPipe toBroker;
    private final ProxyPipe toClient;
    private boolean connected;
    private boolean closed;

    /** Both channels are non-blocking; the broker's one may still be connecting. */
    ProxyConnection(Selector selector, SocketChannel client, SocketChannel broker,
                    ProxyPipe.Faults toBrokerFaults, ProxyPipe.Faults toClientFaults) throws IOException {
        this.client = client;
        this.broker = broker;
        toBroker = new ProxyPipe(client, broker, toBrokerFaults);
        toClient = new ProxyPipe(broker, client, toClientFaults);
        connected = broker.isConnected();
        clientKey = client.register(selector, 0, this);
        brokerKey = broker.register(selector, 0, this);
        updateInterest();
    }

    /** Does what the key is ready for. */
    void onReady(SelectionKey key, ByteBuffer scratch, long nowNs) {
        try {
            if (key.isConnectable() && broker.finishConnect()) {
                connected = true;
            }
            if (key.isReadable()) {
                (key == clientKey ? toBroker : toClient).read(scratch, nowNs);
            }
            if (key.isWritable()) {
                (key == clientKey ? toClient : toBroker).pump(nowNs);
            }
            settle();
        } catch (IOException e) {
            cut(); // one side reset the connection, or the broker does not listen: the other side is to see that
        }
    }

    /** Passes on what has become due, or what a changed fault now lets through. */
    void pump(long nowNs) {
        if (!connected || closed) {
            return;
        }
        try {
            toBroker.pump(nowNs);
            toClient.pump(nowNs);
            settle();
        } catch (IOException e) {
            cut();
        }
    }

    private void settle() throws IOException {
        if (toBroker.finished() && toClient.finished()) {
            closed = true;
            client.close();
            broker.close();
        } else if (toBroker.ended() && toClient.ended() && (toBroker.lossy() || toClient.lossy())) {
            cut(); // both ends have left, and a black hole keeps that from them: nobody is there to tell
        } else {
            updateInterest();
        }
    }

    private void updateInterest() {
        if (!connected) {
            setInterest(brokerKey, SelectionKey.OP_CONNECT);
            return;
        }
        setInterest(clientKey, interest(toBroker, toClient));
        setInterest(brokerKey, interest(toClient, toBroker));
    }

    private static void setInterest(SelectionKey key, int interest) {
        if (key.interestOps() != interest) { // setting it costs the selector work even when nothing changes
            key.interestOps(interest);
        }
    }

    private static int interest(ProxyPipe in, ProxyPipe out) {
        return (in.wantsToRead() ? SelectionKey.OP_READ : 0) | (out.wantsToWrite() ? SelectionKey.OP_WRITE : 0);
    }

    long dueInNs(long nowNs) {
        return Math.min(toBroker.dueInNs(nowNs), toClient.dueInNs(nowNs));
    }

    boolean lossy() {
        return toBroker.lossy() || toClient.lossy();
    }

    boolean closed() {
        return closed;
    }

    /** Closes both sides with RST. */
    void cut() {
        closed = true;
        reset(client);
        reset(broker);
    }

    /** Closes a channel so that the other side sees RST, not an orderly end. */
    static void reset(SocketChannel channel) {
        try (channel) {
            channel.setOption(StandardSocketOptions.SO_LINGER, 0);
        } catch (IOException e) {
            // It is gone already.
        }
    }
}
