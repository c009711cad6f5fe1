package dev.millrace.testkit;

import org.apache.kafka.common.security.auth.SecurityProtocol;

/** The listeners a broker of a {@link KafkaCluster} can have for clients. */
public enum BrokerListener {
    /** Nothing encrypted, nobody asked who they are. Every broker has it. */
    PLAINTEXT(SecurityProtocol.PLAINTEXT),
    /** TLS; the client checks the broker's certificate. */
    SSL(SecurityProtocol.SSL),
    /** TLS; the broker wants a certificate of the client as well. */
    MUTUAL_SSL(SecurityProtocol.SSL),
    /** TLS; the broker's certificate is trusted but for another host, so that a client must not take it for the broker. */
    MISNAMED_SSL(SecurityProtocol.SSL),
    /** A user who proves who it is by a {@link SaslMechanism}, over a connection that is not encrypted. */
    SASL_PLAINTEXT(SecurityProtocol.SASL_PLAINTEXT),
    /** A user who proves who it is by a {@link SaslMechanism}, over TLS. */
    SASL_SSL(SecurityProtocol.SASL_SSL);

    private final SecurityProtocol protocol;

    BrokerListener(SecurityProtocol protocol) {
        this.protocol = protocol;
    }

    /** The client's {@code security.protocol}. */
    public SecurityProtocol protocol() {
        return protocol;
    }

    boolean isTls() {
        return protocol == SecurityProtocol.SSL || protocol == SecurityProtocol.SASL_SSL;
    }

    boolean isSasl() {
        return protocol == SecurityProtocol.SASL_PLAINTEXT || protocol == SecurityProtocol.SASL_SSL;
    }
}
