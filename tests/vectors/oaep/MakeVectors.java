import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;

/**
 * Makes java.json: keys for tests, and secrets that Java encrypts for them as the marketplace does.
 *
 * <p>{@code java MakeVectors.java > java.json} takes one or two minutes, because of the long keys.
 * Every run makes other keys. The tests read the file and need no Java.
 */
public class MakeVectors {
    private static final OAEPParameterSpec SHA256_MGF1_SHA1 =
            parameters("SHA-256", MGF1ParameterSpec.SHA1);
    private static final OAEPParameterSpec SHA256_MGF1_SHA256 =
            parameters("SHA-256", MGF1ParameterSpec.SHA256);
    private static final OAEPParameterSpec SHA1_MGF1_SHA1 =
            parameters("SHA-1", MGF1ParameterSpec.SHA1);

    /** Encrypted again until the ciphertext begins with a zero byte, which a sender may leave out. */
    private static final byte[] SHORT =
            "made-up-secret-behind-a-zero".getBytes(StandardCharsets.UTF_8);

    private static final List<String> keys = new ArrayList<>();
    private static final List<String> sealed = new ArrayList<>();

    public static void main(String[] arguments) throws Exception {
        for (int bits : new int[] {3072, 4096}) {
            KeyPair pair = key("made-up-" + bits, bits);
            served(pair, "made-up-" + bits);
            refused(pair, "made-up-" + bits);
        }
        for (int bits : new int[] {2048, 3071, 8192, 8193}) {
            key("made-up-" + bits, bits);
        }
        System.out.println("{");
        System.out.println(
                "  \"note\": \"Keys and secrets made up for tests by MakeVectors.java;"
                        + " they open nothing.\",");
        System.out.println("  \"keys\": [\n" + String.join(",\n", keys) + "\n  ],");
        System.out.println("  \"sealed\": [\n" + String.join(",\n", sealed) + "\n  ]");
        System.out.println("}");
    }

    /** Ciphertexts that koohook must decrypt: Java's defaults by name, and each pair of hashes. */
    private static void served(KeyPair pair, String key) throws Exception {
        byte[] secret = ("made-up-secret-for-" + key).getBytes(StandardCharsets.UTF_8);
        seal(pair, key, true, "RSA/ECB/OAEPWithSHA-256AndMGF1Padding", null, secret);
        seal(pair, key, true, "RSA/ECB/OAEPPadding", null, secret);
        seal(pair, key, true, "RSA/ECB/OAEPWithSHA-1AndMGF1Padding", null, secret);
        for (OAEPParameterSpec parameters :
                List.of(SHA256_MGF1_SHA1, SHA256_MGF1_SHA256, SHA1_MGF1_SHA1)) {
            seal(pair, key, true, "RSA/ECB/OAEPPadding", parameters, secret);
        }
        byte[] chinese = "编造的密钥".getBytes(StandardCharsets.UTF_8);
        seal(pair, key, true, "RSA/ECB/OAEPPadding", SHA256_MGF1_SHA256, chinese);
        seal(pair, key, true, "RSA/ECB/OAEPPadding", SHA256_MGF1_SHA1, SHORT);
        int size = (((RSAPublicKey) pair.getPublic()).getModulus().bitLength() + 7) / 8;
        byte[] longest = new byte[size - 2 * 20 - 2];
        Arrays.fill(longest, (byte) 'x');
        seal(pair, key, true, "RSA/ECB/OAEPPadding", SHA1_MGF1_SHA1, longest);
    }

    /** Ciphertexts that koohook must reject: plaintexts that are not a secret, and other paddings. */
    private static void refused(KeyPair pair, String key) throws Exception {
        String name = "RSA/ECB/OAEPPadding";
        for (OAEPParameterSpec parameters :
                List.of(SHA256_MGF1_SHA1, SHA256_MGF1_SHA256, SHA1_MGF1_SHA1)) {
            seal(pair, key, false, name, parameters, new byte[0]);
            seal(pair, key, false, name, parameters, new byte[] {'a', (byte) 0xff, 'b'});
            seal(pair, key, false, name, parameters, new byte[] {'a', 0, 'b'});
            seal(pair, key, false, name, parameters, new byte[] {'a', '\n'});
            seal(pair, key, false, name, parameters, new byte[] {'a', (byte) 0xc2, (byte) 0x85});
        }
        byte[] secret = "made-up-secret".getBytes(StandardCharsets.UTF_8);
        seal(pair, key, false, name, parameters("SHA-1", MGF1ParameterSpec.SHA256), secret);
        seal(pair, key, false, name, parameters("SHA-512", MGF1ParameterSpec.SHA1), secret);
        seal(pair, key, false, name, parameters("SHA-512", MGF1ParameterSpec.SHA512), secret);
        PSource label = new PSource.PSpecified(new byte[] {1});
        seal(
                pair,
                key,
                false,
                name,
                new OAEPParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA1, label),
                secret);
        seal(pair, key, false, "RSA/ECB/PKCS1Padding", null, secret);
    }

    private static OAEPParameterSpec parameters(String hash, MGF1ParameterSpec mask) {
        return new OAEPParameterSpec(hash, "MGF1", mask, PSource.PSpecified.DEFAULT);
    }

    private static KeyPair key(String name, int bits) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(bits);
        KeyPair pair = generator.generateKeyPair();
        String base64 = Base64.getEncoder().encodeToString(pair.getPublic().getEncoded());
        keys.add(
                object(
                        "name", name,
                        "pkcs8", Base64.getEncoder().encodeToString(pair.getPrivate().getEncoded()),
                        "public", base64));
        return pair;
    }

    private static void seal(
            KeyPair pair,
            String key,
            boolean opens,
            String transformation,
            OAEPParameterSpec parameters,
            byte[] plaintext)
            throws Exception {
        Cipher cipher = Cipher.getInstance(transformation);
        if (parameters == null) {
            cipher.init(Cipher.ENCRYPT_MODE, pair.getPublic());
        } else {
            cipher.init(Cipher.ENCRYPT_MODE, pair.getPublic(), parameters);
        }
        byte[] ciphertext = cipher.doFinal(plaintext);
        while (plaintext == SHORT && ciphertext[0] != 0) {
            ciphertext = cipher.doFinal(plaintext);
        }
        String hashes =
                parameters == null
                        ? "by name alone"
                        : parameters.getDigestAlgorithm()
                                + ", MGF1 "
                                + ((MGF1ParameterSpec) parameters.getMGFParameters())
                                        .getDigestAlgorithm();
        HexFormat hex = HexFormat.of();
        List<String> members =
                new ArrayList<>(
                        List.of(
                                "key", key,
                                "opens", opens ? "yes" : "no",
                                "transformation", transformation,
                                "parameters", hashes,
                                "plaintext", hex.formatHex(plaintext),
                                "base64", Base64.getEncoder().encodeToString(ciphertext)));
        if (opens) {
            members.addAll(otherForms(ciphertext));
        }
        sealed.add(object(members.toArray(String[]::new)));
    }

    private static List<String> otherForms(byte[] ciphertext) {
        HexFormat hex = HexFormat.of();
        return List.of(
                "base64_bare", Base64.getEncoder().withoutPadding().encodeToString(ciphertext),
                "url_safe", Base64.getUrlEncoder().encodeToString(ciphertext),
                "url_safe_bare",
                        Base64.getUrlEncoder().withoutPadding().encodeToString(ciphertext),
                "lines", Base64.getMimeEncoder().encodeToString(ciphertext),
                "hex", hex.formatHex(ciphertext),
                "hex_upper", hex.withUpperCase().formatHex(ciphertext));
    }

    private static String object(String... members) {
        List<String> lines = new ArrayList<>();
        for (int at = 0; at < members.length; at += 2) {
            String value = members[at + 1].replace("\r", "\\r").replace("\n", "\\n");
            lines.add("      \"" + members[at] + "\": \"" + value + "\"");
        }
        return "    {\n" + String.join(",\n", lines) + "\n    }";
    }
}
