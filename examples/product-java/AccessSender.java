import com.google.gson.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Sends the access data of a purchase that was answered 202. Retries until the answer is final. */
final class AccessSender {
    /** After these answers koohook expects no further message: accepted, unknown, ready, released. */
    private static final Set<Integer> FINAL = Set.of(200, 404, 409, 410);
    /** koohook will never accept this message. A person must correct the program. */
    private static final Set<Integer> REJECTED = Set.of(400, 413, 422);
    private static final double LONGEST_PAUSE_SECONDS = 60;

    private final Database database;
    private final Webhook webhook;
    private final Options options;
    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

    AccessSender(Database database, Webhook webhook, Options options) {
        this.database = database;
        this.webhook = webhook;
        this.options = options;
    }

    /** After a restart: sends what the program had no time to send before. */
    void sendUnsent() throws Exception {
        List<List<Object>> unsent = database.inTransaction(
                () -> database.rows("SELECT id FROM accounts WHERE is_access_sent = 0"));
        unsent.forEach(row -> sendLater((String) row.get(0)));
    }

    void sendLater(String account) {
        schedule(account, options.pauseSeconds());
    }

    private void schedule(String account, double pauseSeconds) {
        long millis = Math.round(pauseSeconds * 1000);
        timer.schedule(() -> send(account, pauseSeconds), millis, TimeUnit.MILLISECONDS);
    }

    private void send(String account, double pauseSeconds) {
        try {
            int status = put(account, message(account));
            System.out.println("sent access data: " + account + " " + status);
            if (REJECTED.contains(status)) {
                // A real product raises an alarm here. After a restart the program sends again.
                System.out.println("access data rejected: " + account + " " + status);
                return;
            }
            if (FINAL.contains(status)) {
                database.inTransaction(() -> {
                    database.change("UPDATE accounts SET is_access_sent = 1 WHERE id = ?", account);
                    return null;
                });
                return;
            }
        } catch (IOException unreachable) {
            System.out.println("sent access data: " + account + " unreachable");
        } catch (Exception failure) {
            System.out.println("access data not sent: " + account + " " + failure.getClass());
        }
        schedule(account, Math.min(pauseSeconds * 2, LONGEST_PAUSE_SECONDS));
    }

    private byte[] message(String account) throws Exception {
        List<Object> credentials = database.inTransaction(() -> database.row(
                "SELECT user_name, password FROM accounts WHERE id = ?", account));
        JsonObject data = new JsonObject();
        data.addProperty("instanceId", account);
        data.add("appInfo", appInfo(account, credentials.get(0), credentials.get(1)));
        JsonObject message = new JsonObject();
        message.addProperty("type", "instance.access");
        message.add("data", data);
        return Notices.JSON.toJson(message).getBytes(StandardCharsets.UTF_8);
    }

    /** The access data that the buyer sees on the marketplace's page. */
    JsonObject appInfo(String account, Object userName, Object password) {
        JsonObject info = new JsonObject();
        info.addProperty("frontEndUrl", options.address() + "/login/" + percentEncoded(account));
        info.addProperty("userName", (String) userName);
        info.addProperty("password", (String) password);
        info.addProperty("memo", "Change the password when you first log in.");
        return info;
    }

    private int put(String account, byte[] body) throws IOException, InterruptedException {
        String id = "msg_" + UUID.randomUUID();
        String timestamp = Long.toString(Instant.now().getEpochSecond());
        String address =
                options.koohook() + "/instances/" + percentEncoded(account) + "/app-info";
        HttpRequest request = HttpRequest.newBuilder(URI.create(address))
                .version(HttpClient.Version.HTTP_1_1)
                .timeout(Duration.ofSeconds(10))
                .header("content-type", "application/json")
                .header("webhook-id", id)
                .header("webhook-timestamp", timestamp)
                .header("webhook-signature", webhook.sign(id, timestamp, body))
                .PUT(HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
        return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    }

    /** Encodes all characters but letters, digits and {@code - . _ ~}, as a part of a path needs. */
    private static String percentEncoded(String text) {
        // URLEncoder writes a form: it differs from a path in these three characters.
        return URLEncoder.encode(text, StandardCharsets.UTF_8)
                .replace("+", "%20").replace("*", "%2A").replace("%7E", "~");
    }
}
