package dev.millrace.testkit;

/** How a client proves who it is on a SASL listener of a {@link KafkaCluster}; each SASL listener takes them all. */
public enum SaslMechanism {
    /** The password itself is sent. */
    PLAIN("PLAIN", "org.apache.kafka.common.security.plain.PlainLoginModule"),
    /** Challenge and response; the broker stores no password. */
    SCRAM_SHA_256("SCRAM-SHA-256", "org.apache.kafka.common.security.scram.ScramLoginModule"),
    /** As {@link #SCRAM_SHA_256}, with a longer hash. */
    SCRAM_SHA_512("SCRAM-SHA-512", "org.apache.kafka.common.security.scram.ScramLoginModule"),
    /** A signed token of the cluster's {@link TokenServer}, which has the same users. */
    OAUTHBEARER("OAUTHBEARER", "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule");

    private final String kafkaName;
    private final String loginModule;

    SaslMechanism(String kafkaName, String loginModule) {
        this.kafkaName = kafkaName;
        this.loginModule = loginModule;
    }

    /** The client's {@code sasl.mechanism}. */
    public String kafkaName() {
        return kafkaName;
    }

    String loginModule() {
        return loginModule;
    }
}
