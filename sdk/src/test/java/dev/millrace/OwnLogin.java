package dev.millrace;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerTokenCallback;

/** A way to get tokens as a user would write it ({@code sasl.login.callback.handler.class}): it has one, from the login's options. */
public final class OwnLogin implements AuthenticateCallbackHandler {

    private static final Pattern EXPIRY = Pattern.compile("\"exp\":(\\d+)");
    private static final Pattern SUBJECT = Pattern.compile("\"sub\":\"([^\"]+)\"");

    private String token;

    @Override
    public void configure(Map<String, ?> configs, String saslMechanism, List<AppConfigurationEntry> jaasConfigEntries) {
        token = (String) jaasConfigEntries.get(0).getOptions().get("token");
    }

    @Override
    public void handle(Callback[] callbacks) throws UnsupportedCallbackException {
        for (Callback callback : callbacks) {
            if (callback instanceof OAuthBearerTokenCallback asked)
                asked.token(new Token(token));
            else
                throw new UnsupportedCallbackException(callback);
        }
    }

    @Override
    public void close() {
    }

    private record Token(String value) implements OAuthBearerToken {

        private String claim(Pattern pattern) {
            String claims = new String(Base64.getUrlDecoder().decode(value.split("\\.")[1]), StandardCharsets.UTF_8);
            Matcher matcher = pattern.matcher(claims);
            return matcher.find() ? matcher.group(1) : null;
        }

        @Override
        public Set<String> scope() {
            return Set.of();
        }

        @Override
        public long lifetimeMs() {
            return Long.parseLong(claim(EXPIRY)) * 1000;
        }

        @Override
        public String principalName() {
            return claim(SUBJECT);
        }

        @Override
        public Long startTimeMs() {
            return null;
        }
    }
}
