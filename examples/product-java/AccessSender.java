import com.google.gson.JsonObject;
import java.io.IOException;
import java.util.List;
import java.util.Set;
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
    private final Koohook koohook;
    private final Options options;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

    AccessSender(Database database, Koohook koohook, Options options) {
        this.database = database;
        this.koohook = koohook;
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
            String path = "/instances/" + Koohook.percentEncoded(account) + "/app-info";
            int status = koohook.send("PUT", path, message(account)).status();
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

    private JsonObject message(String account) throws Exception {
        List<Object> credentials = database.inTransaction(() -> database.row(
                "SELECT user_name, password FROM accounts WHERE id = ?", account));
        JsonObject data = new JsonObject();
        data.addProperty("instanceId", account);
        data.add("appInfo", appInfo(account, credentials.get(0), credentials.get(1)));
        JsonObject message = new JsonObject();
        message.addProperty("type", "instance.access");
        message.add("data", data);
        return message;
    }

    /** The access data that the buyer sees on the marketplace's page. */
    JsonObject appInfo(String account, Object userName, Object password) {
        JsonObject info = new JsonObject();
        info.addProperty("frontEndUrl",
                options.address() + "/login/" + Koohook.percentEncoded(account));
        info.addProperty("userName", (String) userName);
        info.addProperty("password", (String) password);
        info.addProperty("memo", "Change the password when you first log in.");
        return info;
    }
}
