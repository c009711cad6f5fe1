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
import java.util.List;

/**
 * Keys for TLS on loopback, made new for every cluster by the JDK's keytool: one self-signed pair for the brokers, one
 * for clients, and a trust store for either side that holds the other's certificate. All PKCS12.
 */
final class TlsFiles {
    /** Guards nothing: the keys live as long as the temporary folder, on loopback. */
    static final String PASSWORD = "testkit-secret";
    static final String TYPE = "PKCS12";

    private final Path folder;

    private TlsFiles(Path folder) {
        this.folder = folder;
    }

    /** Makes the four files in {@code folder}; takes about a second. */
    static TlsFiles create(Path folder) {
        TlsFiles files = new TlsFiles(folder);
        try {
            Process broker = generate(files.brokerKeys(), "broker");
            Process client = generate(files.clientKeys(), "client");
            check(broker);
            check(client);
            trust(files.clientTrust(), files.brokerKeys(), "broker");
            trust(files.brokerTrust(), files.clientKeys(), "client");
        } catch (IOException | GeneralSecurityException e) {
            throw new ChildProcessException("keys for TLS could not be made in " + folder, e);
        }
        return files;
    }

    Path brokerKeys() {
        return folder.resolve("broker-keys.p12");
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

    private static Process generate(Path file, String name) throws IOException {
        String keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        return new ProcessBuilder(List.of(keytool, "-genkeypair", "-alias", name, "-keyalg", "EC",
                "-groupname", "secp256r1", "-sigalg", "SHA256withECDSA", "-validity", "30", "-dname", "CN=" + name,
                "-ext", "san=ip:127.0.0.1,dns:localhost", "-storetype", TYPE, "-keystore", file.toString(),
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

    private static void trust(Path store, Path keys, String name) throws IOException, GeneralSecurityException {
        KeyStore from = KeyStore.getInstance(TYPE);
        try (InputStream in = Files.newInputStream(keys)) {
            from.load(in, PASSWORD.toCharArray());
        }
        KeyStore to = KeyStore.getInstance(TYPE);
        to.load(null, null);
        to.setCertificateEntry(name, from.getCertificate(name));
        try (OutputStream out = Files.newOutputStream(store)) {
            to.store(out, PASSWORD.toCharArray());
        }
    }
}
