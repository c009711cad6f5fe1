package dev.millrace.testkit;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Who a cluster with a SASL listener believes: it gives the cluster's users signed tokens for OAUTHBEARER, as an
 * identity provider does (OAuth 2.0, client credentials grant), on loopback, over HTTP. The brokers verify them with
 * the key in a file. Thread-safe; lives as long as its cluster.
 */
public final class TokenServer {
    /** The system property with the URLs, separated by commas, that clients may get tokens from and brokers keys. */
    public static final String ALLOWED_URLS = "org.apache.kafka.sasl.oauthbearer.allowed.urls";

    static final String ISSUER = "testkit";
    static final String AUDIENCE = "kafka";
    private static final Duration LIFETIME = Duration.ofHours(1);

    private final TokenSigner signer = new TokenSigner();
    private final Map<String, String> users;
    private final Path keys;
    private final HttpServer http;
    private final AtomicLong issued = new AtomicLong();
    /** Set by tests, read by the server's thread. */
    private volatile Duration lifetime = LIFETIME;

    private TokenServer(Path folder, Map<String, String> users) throws IOException {
        this.users = users;
        this.keys = folder.resolve("jwks.json");
        Files.writeString(keys, signer.jwks());
        this.http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        http.createContext("/token", this::answer);
    }

    static TokenServer start(Path folder, Map<String, String> users) {
        try {
            TokenServer server = new TokenServer(folder, users);
            // Its thread is a daemon only if the one that starts it is, and must not keep a test's JVM alive.
            Thread starter = new Thread(server.http::start, "token-server-start");
            starter.setDaemon(true);
            starter.start();
            starter.join();
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException("a server for tokens could not be started in " + folder, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ChildProcessException("interrupted while a server for tokens was started", e);
        }
    }

    /** The client's {@code sasl.oauthbearer.token.endpoint.url}. */
    public String endpoint() {
        return "http://127.0.0.1:" + http.getAddress().getPort() + "/token";
    }

    /** The broker's {@code sasl.oauthbearer.jwks.endpoint.url}. */
    String keysUrl() {
        return keys.toUri().toString();
    }

    /**
     * Adds a URL to those that clients of this JVM may get tokens from: none, unless {@link #ALLOWED_URLS} was set.
     *
     * @param url a server's {@link #endpoint()}, or the {@code file:} URL of a token
     */
    public static synchronized void allowInThisJvm(String url) {
        String before = System.getProperty(ALLOWED_URLS);
        System.setProperty(ALLOWED_URLS, before == null ? url : before + "," + url);
    }

    /** How long the tokens live that are asked for from now on, in whole seconds; an hour if not set. */
    public void lifetime(Duration lifetime) {
        this.lifetime = lifetime;
    }

    /** How many tokens clients were given over HTTP. */
    public long issued() {
        return issued.get();
    }

    /**
     * A token as the server would give it, for a client that has its own way to get one.
     *
     * @param lifetime in whole seconds; negative: the token has expired so long ago
     */
    public String token(String user, Duration lifetime) {
        return signed(signer, user, lifetime);
    }

    /** A token that says the same as one of {@link #token}, and is signed with a key the brokers do not know. */
    public String forgedToken(String user, Duration lifetime) {
        return signed(new TokenSigner(), user, lifetime);
    }

    private static String signed(TokenSigner signer, String user, Duration lifetime) {
        Instant now = Instant.now();
        Instant expires = now.plus(lifetime);
        Instant from = lifetime.isNegative() ? expires.minus(1, ChronoUnit.HOURS) : now;
        return signer.sign(user, ISSUER, AUDIENCE, from, expires);
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String form = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            String user = authenticated(exchange.getRequestHeaders().getFirst("Authorization"));
            if (!Arrays.asList(form.split("&")).contains("grant_type=client_credentials")) {
                respond(exchange, 400, "{\"error\":\"unsupported_grant_type\"}");
            } else if (user == null) {
                respond(exchange, 401, "{\"error\":\"invalid_client\",\"error_description\":\"no such client or secret\"}");
            } else {
                Duration given = lifetime;
                respond(exchange, 200, "{\"access_token\":\"" + token(user, given)
                        + "\",\"token_type\":\"Bearer\",\"expires_in\":" + given.toSeconds() + "}");
                issued.incrementAndGet();
            }
        }
    }

    /** @return the user, or null when there is none of that name and password */
    private String authenticated(String header) {
        if (header == null || !header.startsWith("Basic ")) {
            return null;
        }
        String[] parts = new String(Base64.getDecoder().decode(header.substring("Basic ".length())),
                StandardCharsets.UTF_8).split(":", 2);
        return parts.length == 2 && parts[1].equals(users.get(parts[0])) ? parts[0] : null;
    }

    private static void respond(HttpExchange exchange, int status, String json) throws IOException {
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
    }

    void close() {
        http.stop(0);
    }
}
