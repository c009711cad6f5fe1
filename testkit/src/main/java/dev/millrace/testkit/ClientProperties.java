package dev.millrace.testkit;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.config.SslConfigs;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler;

/** What a client needs to reach a listener. Pure. */
final class ClientProperties {
    private ClientProperties() {
    }

    /** @param tls null when the cluster has no listener with TLS */
    static Map<String, Object> of(BrokerListener listener, String bootstrapServers, TlsFiles tls) {
        Map<String, Object> properties = new HashMap<>();
        properties.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
        if (listener != BrokerListener.PLAINTEXT) {
            properties.put(CommonClientConfigs.SECURITY_PROTOCOL_CONFIG, listener.protocol().name);
        }
        if (listener.isTls()) {
            properties.put(SslConfigs.SSL_TRUSTSTORE_TYPE_CONFIG, TlsFiles.TYPE);
            properties.put(SslConfigs.SSL_TRUSTSTORE_LOCATION_CONFIG, tls.clientTrust().toString());
            properties.put(SslConfigs.SSL_TRUSTSTORE_PASSWORD_CONFIG, TlsFiles.PASSWORD);
        }
        if (listener == BrokerListener.MUTUAL_SSL) {
            properties.put(SslConfigs.SSL_KEYSTORE_TYPE_CONFIG, TlsFiles.TYPE);
            properties.put(SslConfigs.SSL_KEYSTORE_LOCATION_CONFIG, tls.clientKeys().toString());
            properties.put(SslConfigs.SSL_KEYSTORE_PASSWORD_CONFIG, TlsFiles.PASSWORD);
            properties.put(SslConfigs.SSL_KEY_PASSWORD_CONFIG, TlsFiles.PASSWORD);
        }
        return properties;
    }

    /** @param tokens used for OAUTHBEARER only */
    static Map<String, Object> credentials(SaslMechanism mechanism, String user, String password, TokenServer tokens) {
        if (mechanism == SaslMechanism.OAUTHBEARER) {
            return Map.of(SaslConfigs.SASL_MECHANISM, mechanism.kafkaName(),
                    SaslConfigs.SASL_JAAS_CONFIG, mechanism.loginModule() + " required;",
                    SaslConfigs.SASL_LOGIN_CALLBACK_HANDLER_CLASS, OAuthBearerLoginCallbackHandler.class.getName(),
                    SaslConfigs.SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL, tokens.endpoint(),
                    SaslConfigs.SASL_OAUTHBEARER_CLIENT_CREDENTIALS_CLIENT_ID, user,
                    SaslConfigs.SASL_OAUTHBEARER_CLIENT_CREDENTIALS_CLIENT_SECRET, password);
        }
        return Map.of(SaslConfigs.SASL_MECHANISM, mechanism.kafkaName(), SaslConfigs.SASL_JAAS_CONFIG,
                mechanism.loginModule() + " required username=\"" + user + "\" password=\"" + password + "\";");
    }
}
