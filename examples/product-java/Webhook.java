import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Signs and verifies messages as Standard Webhooks describes (https://www.standardwebhooks.com). */
final class Webhook {
    private static final String PREFIX = "whsec_";
    private static final long TOLERANCE_SECONDS = 300;

    private final List<byte[]> secrets = new ArrayList<>();

    /**
     * Reads one secret, or several separated by blanks. The first secret signs; a message that
     * verifies with any of them is accepted. So the secret can be changed without losing a notice.
     */
    Webhook(String text) {
        for (String secret : text.trim().split("\\s+")) {
            if (!secret.startsWith(PREFIX)) {
                throw new IllegalArgumentException("a secret does not begin with " + PREFIX);
            }
            secrets.add(Base64.getDecoder().decode(secret.substring(PREFIX.length())));
        }
    }

    /** Returns whether one of the secrets signed this message within five minutes of now. */
    boolean isVerified(String id, String timestamp, String signatures, byte[] body) {
        if (id == null || timestamp == null || signatures == null) {
            return false;
        }
        if (!timestamp.matches("[0-9]{1,12}")) {
            return false;
        }
        long now = Instant.now().getEpochSecond();
        if (Math.abs(now - Long.parseLong(timestamp)) > TOLERANCE_SECONDS) {
            return false;
        }
        boolean verified = false;
        for (byte[] secret : secrets) {
            byte[] expected = bytes(sign(secret, id, timestamp, body));
            for (String given : signatures.split(" ")) {
                // isEqual needs the same time for every signature. The loop does not stop early.
                verified |= MessageDigest.isEqual(expected, bytes(given));
            }
        }
        return verified;
    }

    /** Signs a message: {@code v1,} and the base64 of HMAC-SHA256 over {@code id.timestamp.body}. */
    String sign(String id, String timestamp, byte[] body) {
        return sign(secrets.get(0), id, timestamp, body);
    }

    private static String sign(byte[] secret, String id, String timestamp, byte[] body) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            mac.update(bytes(id + "." + timestamp + "."));
            return "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
        } catch (GeneralSecurityException missing) {
            throw new IllegalStateException(missing); // Every JDK has HmacSHA256.
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
