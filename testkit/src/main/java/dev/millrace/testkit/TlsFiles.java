package dev.millrace.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Keys for TLS on loopback, made new for every cluster by the JDK's keytool: one self-signed pair for the brokers, one
 * for clients, and a trust store for either side that holds the other's certificate. On demand one more pair for
 * brokers, trusted as well, whose certificate is for another host. All PKCS12.
 */
final class TlsFiles {
    /** Guards nothing: the keys live as long as the temporary folder, on loopback. */
    static final String PASSWORD = "testkit-secret";
    static final String TYPE = "PKCS12";
    private static final String LOOPBACK = "san=ip:127.0.0.1,dns:localhost";
    private static final String ELSEWHERE = "san=dns:elsewhere.invalid";

    private final Path folder;

    private TlsFiles(Path folder) {
        this.folder = folder;
    }

    /**
     * Makes the files in {@code folder}; takes about a second.
     *
     * @param misnamed whether {@link #misnamedKeys()} are needed
     */
    static TlsFiles create(Path folder, boolean misnamed) {
        TlsFiles files = new TlsFiles(folder);
        Map<String, Path> trustedBrokers = new LinkedHashMap<>(Map.of("broker", files.brokerKeys()));
        try {
            List<Process> running = new ArrayList<>();
            running.add(generate(files.brokerKeys(), "broker", LOOPBACK));
            running.add(generate(files.clientKeys(), "client", LOOPBACK));
            if (misnamed) {
                running.add(generate(files.misnamedKeys(), "misnamed", ELSEWHERE));
                trustedBrokers.put("misnamed", files.misnamedKeys());
            }
            for (Process keytool : running) {
                check(keytool);
            }
            trust(files.clientTrust(), trustedBrokers);
            trust(files.brokerTrust(), Map.of("client", files.clientKeys()));
        } catch (IOException | GeneralSecurityException e) {
            throw new ChildProcessException("keys for TLS could not be made in " + folder, e);
        }
        return files;
    }

    Path brokerKeys() {
        return folder.resolve("broker-keys.p12");
    }

    /** Keys of a broker that claims to be on another host. */
    Path misnamedKeys() {
        return folder.resolve("misnamed-keys.p12");
    }

    Path brokerTrust() {
        return folder.resolve("broker-trust.p12");
    }

    Path clientKeys() {
        return folder.resolve("client-keys.p12");
    }

    Path clientTrust() {
        return folder.resolve("client-trust.p12");
    }

    private static Process generate(Path file, String name, String host) throws IOException {
        String keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        return new ProcessBuilder(List.of(keytool, "-genkeypair", "-alias", name, "-keyalg", "EC",
                "-groupname", "secp256r1", "-sigalg", "SHA256withECDSA", "-validity", "30", "-dname", "CN=" + name,
                "-ext", host, "-storetype", TYPE, "-keystore", file.toString(),
                "-storepass", PASSWORD)).redirectErrorStream(true).redirectOutput(Redirect.PIPE).start();
    }

    private static void check(Process keytool) throws IOException {
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (keytool.waitFor() != 0) {
                throw new ChildProcessException("keytool gave exit code " + keytool.exitValue() + ": " + said);
            }
        } catch (InterruptedException e) {
            keytool.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new ChildProcessException("interrupted while keytool made keys", e);
        }
    }

    /** @param trusted name of a pair to its file */
    private static void trust(Path store, Map<String, Path> trusted) throws IOException, GeneralSecurityException {
        KeyStore to = KeyStore.getInstance(TYPE);
        to.load(null, null);
        for (Map.Entry<String, Path> pair : trusted.entrySet()) {
            KeyStore from = KeyStore.getInstance(TYPE);
            try (InputStream in = Files.newInputStream(pair.getValue())) {
                from.load(in, PASSWORD.toCharArray());
            }
            to.setCertificateEntry(pair.getKey(), from.getCertificate(pair.getKey()));
        }
        try (OutputStream out = Files.newOutputStream(store)) {
            to.store(out, PASSWORD.toCharArray());
        }
    }
}
