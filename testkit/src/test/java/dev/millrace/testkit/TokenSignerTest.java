package dev.millrace.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.time.Instant;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class TokenSignerTest {
    /** Of so many keys some have a coordinate that begins with a zero, and about half one that begins with a set bit. */
    private static final int KEYS = 300;

    @Test
    void shouldSignWhatItsPublicKeyVerifies() throws Exception {
        for (int i = 0; i < KEYS; i++) {
            TokenSigner signer = new TokenSigner();
            String token = signer.sign("somebody", "me", "you", Instant.ofEpochSecond(1), Instant.ofEpochSecond(2));
            String[] parts = token.split("\\.");
            Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
            signature.initVerify(KeyFactory.getInstance("EC").generatePublic(publicKey(signer.jwks())));
            signature.update((parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII));
            assertTrue(signature.verify(Base64.getUrlDecoder().decode(parts[2])), signer.jwks());
            assertEquals("{\"iss\":\"me\",\"aud\":\"you\",\"sub\":\"somebody\",\"iat\":1,\"exp\":2}",
                    new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8));
        }
    }

    private static ECPublicKeySpec publicKey(String jwks) throws Exception {
        AlgorithmParameters curve = AlgorithmParameters.getInstance("EC");
        curve.init(new ECGenParameterSpec("secp256r1"));
        return new ECPublicKeySpec(new ECPoint(coordinate(jwks, "x"), coordinate(jwks, "y")),
                curve.getParameterSpec(ECParameterSpec.class));
    }

    private static BigInteger coordinate(String jwks, String name) {
        Matcher matcher = Pattern.compile("\"" + name + "\":\"([^\"]+)\"").matcher(jwks);
        assertTrue(matcher.find(), jwks);
        byte[] bytes = Base64.getUrlDecoder().decode(matcher.group(1));
        assertEquals(32, bytes.length, "RFC 7518 wants all 32 bytes");
        return new BigInteger(1, bytes);
    }
}
