import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;

/** Sends the product's signed messages to koohook. */
final class Koohook {
    /** koohook answers a report of usage within 20 seconds, and every other message earlier. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final String address;
    private final Webhook webhook;
    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();

    /** The status of an answer, and its JSON object; null if it has none. */
    record Answer(int status, JsonObject body) { }

    Koohook(String address, Webhook webhook) {
        this.address = address;
        this.webhook = webhook;
    }

    /** Signs a message and sends it. Each call has a new signature, so a repeat needs a new call. */
    Answer send(String method, String path, JsonObject message)
            throws IOException, InterruptedException {
        byte[] body = Notices.JSON.toJson(message).getBytes(StandardCharsets.UTF_8);
        String id = "msg_" + UUID.randomUUID();
        String timestamp = Long.toString(Instant.now().getEpochSecond());
        HttpRequest request = HttpRequest.newBuilder(URI.create(address + path))
                .version(HttpClient.Version.HTTP_1_1)
                .timeout(PATIENCE)
                .header("content-type", "application/json")
                .header("webhook-id", id)
                .header("webhook-timestamp", timestamp)
                .header("webhook-signature", webhook.sign(id, timestamp, body))
                .method(method, HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        return new Answer(response.statusCode(), parsed(response.body()));
    }

    private static JsonObject parsed(String text) {
        try {
            return JsonParser.parseString(text) instanceof JsonObject object ? object : null;
        } catch (JsonParseException other) {
            return null;
        }
    }

    /** Encodes all characters but letters, digits and {@code - . _ ~}, as a part of a path needs. */
    static String percentEncoded(String text) {
        // URLEncoder writes a form: it differs from a path in these three characters.
        return URLEncoder.encode(text, StandardCharsets.UTF_8)
                .replace("+", "%20").replace("*", "%2A").replace("%7E", "~");
    }
}
