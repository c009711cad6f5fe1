package dev.millrace;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;

/** Keys and certificates as PEM, in the configuration itself, where a private key is a secret like a password. */
final class PemKeys {

    private PemKeys() {
    }

    /** The same configuration with what its PKCS12 stores hold in place of the stores. */
    static Map<String, Object> inPlaceOfStores(Map<String, Object> config) throws IOException, GeneralSecurityException {
        KeyStore keys = load(config, "ssl.keystore");
        KeyStore trusted = load(config, "ssl.truststore");
        char[] password = ((String) config.get("ssl.key.password")).toCharArray();
        Map<String, Object> changed = new HashMap<>(config);
        changed.keySet().removeIf(key -> key.startsWith("ssl.key") || key.startsWith("ssl.truststore"));
        changed.put("ssl.keystore.type", "PEM");
        String alias = keys.aliases().nextElement();
        changed.put("ssl.keystore.key", pem("PRIVATE KEY", keys.getKey(alias, password).getEncoded()));
        changed.put("ssl.keystore.certificate.chain", pem("CERTIFICATE", keys.getCertificate(alias).getEncoded()));
        changed.put("ssl.truststore.type", "PEM");
        StringBuilder certificates = new StringBuilder();
        for (String name : Collections.list(trusted.aliases()))
            certificates.append(pem("CERTIFICATE", trusted.getCertificate(name).getEncoded()));
        changed.put("ssl.truststore.certificates", certificates.toString());
        return changed;
    }

    private static KeyStore load(Map<String, Object> config, String prefix) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(Path.of((String) config.get(prefix + ".location")))) {
            store.load(in, ((String) config.get(prefix + ".password")).toCharArray());
        }
        return store;
    }

    private static String pem(String what, byte[] encoded) {
        Base64.Encoder lines = Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII));
        return "-----BEGIN " + what + "-----\n" + lines.encodeToString(encoded) + "\n-----END " + what + "-----\n";
    }
}
