import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;

/**
 * A small product of a seller: it receives koohook's notices and stores accounts, enterprises, users
 * and departments. An account is what the product creates for an instance. Each log-in to an account
 * is one use of it: {@link UsageReporter} reports the uses of each hour. docs/product.md describes each
 * notice.
 */
public final class Product {
    /** The most bytes that the product reads. The longest notice has 128 KiB of records. */
    private static final int MAX_BODY_LENGTH = 1024 * 1024;

    private static final String NO_SECRET =
            "KOOHOOK_PRODUCT_SECRET is not set; set it to the same secret as koohook's";

    private final Options options;
    private final Webhook webhook;
    private final Database database;
    private final Notices notices;
    private final AccessSender access;
    private final UsageReporter usage;

    private record Answer(int status, Object body) { }

    private Product(Options options, Webhook webhook) throws SQLException {
        this.options = options;
        this.webhook = webhook;
        database = new Database(options.database());
        notices = new Notices(database, options.later() != null);
        Koohook koohook = new Koohook(options.koohook(), webhook);
        access = new AccessSender(database, koohook, options);
        usage = new UsageReporter(database, koohook, options.hour());
    }

    public static void main(String[] words) throws Exception {
        Options options = Options.parse(words);
        String secret = System.getenv("KOOHOOK_PRODUCT_SECRET");
        if (options == null || secret == null) {
            System.err.println(options == null ? Options.USAGE : NO_SECRET);
            System.exit(2);
        }
        // Without this the JDK's server delays each answer by 40 ms on a kept connection.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Product product = new Product(options, new Webhook(secret));
        var address = new InetSocketAddress("127.0.0.1", options.port());
        HttpServer server = HttpServer.create(address, 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", product::handle);
        server.start();
        System.out.println("listening on " + options.address());
        product.access.sendUnsent();
        product.usage.start();
    }

    private void handle(HttpExchange exchange) throws IOException {
        Answer answer;
        try {
            answer = switch (exchange.getRequestMethod()) {
                case "POST" -> receive(exchange);
                case "GET" -> get(exchange.getRequestURI().getRawPath());
                default -> new Answer(405, null);
            };
        } catch (Exception failure) {
            // koohook sends the notice again. The message may quote personal data: do not log it.
            System.out.println("failed: " + failure.getClass().getName());
            answer = new Answer(500, null);
        }
        byte[] text = answer.body() == null
                ? new byte[0] : Notices.JSON.toJson(answer.body()).getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("content-type", "application/json");
        exchange.sendResponseHeaders(answer.status(), text.length == 0 ? -1 : text.length);
        exchange.getResponseBody().write(text);
        exchange.close();
    }

    /** Verifies the raw body, applies the notice in one transaction, and answers afterwards. */
    private Answer receive(HttpExchange exchange) throws Exception {
        byte[] body = exchange.getRequestBody().readNBytes(MAX_BODY_LENGTH + 1);
        if (body.length > MAX_BODY_LENGTH) {
            return new Answer(413, null);
        }
        var headers = exchange.getRequestHeaders();
        String id = headers.getFirst("webhook-id");
        String timestamp = headers.getFirst("webhook-timestamp");
        if (!webhook.isVerified(id, timestamp, headers.getFirst("webhook-signature"), body)) {
            return new Answer(401, null);
        }
        JsonElement parsed = JsonParser.parseString(new String(body, StandardCharsets.UTF_8));
        if (!Notices.isComplete(parsed)) {
            System.out.println("incomplete notice");
            return new Answer(400, null); // koohook sends it again. A person must check why.
        }
        JsonObject notice = parsed.getAsJsonObject();
        boolean isPurchase = notice.get("type").getAsString().equals("instance.created");
        String account = Notices.text(notice.getAsJsonObject("data"), "instanceId");
        String[] done = new String[1];
        Answer answer = database.inTransaction(() -> {
            done[0] = notices.apply(id, notice);
            return isPurchase ? answerPurchase(account) : new Answer(204, null);
        });
        print(done[0], notice);
        if (isPurchase && done[0].equals("applied") && options.later() != null) {
            access.sendLater(account);
        }
        return answer;
    }

    /**
     * The answer to a purchase: the refusal if one is set, 202 until the access data was sent,
     * and 200 with the access data afterwards.
     */
    private Answer answerPurchase(String account) throws SQLException {
        if (options.refuse() != null) {
            return new Answer(200, Map.of("refuse", options.refuse()));
        }
        List<Object> found = database.row(
                "SELECT is_access_sent, user_name, password FROM accounts WHERE id = ?", account);
        if (found == null) {
            return new Answer(500, null); // koohook sends it again. A person must check the account.
        }
        if (((Number) found.get(0)).intValue() == 0) {
            return new Answer(202, null);
        }
        var appInfo = access.appInfo(account, found.get(1), found.get(2));
        return new Answer(200, Map.of("appInfo", appInfo));
    }

    private Answer get(String path) throws Exception {
        int end = path.lastIndexOf('/') + 1;
        // A "+" in a path is a "+"; URLDecoder would read a space.
        String account = URLDecoder.decode(
                path.substring(end).replace("+", "%2B"), StandardCharsets.UTF_8);
        return switch (path.substring(0, end)) {
            case "/login/" -> logIn(account);
            case "/accounts/" -> show(account);
            default -> new Answer(404, null);
        };
    }

    /**
     * Shows an account and its enterprise, for tests. A real product does not serve this: it has no
     * log-in, and the answer contains client secrets.
     */
    private Answer show(String account) throws Exception {
        var tables = List.of("to_check", "tenants", "applications", "users", "departments");
        return database.inTransaction(() -> {
            Map<String, Object> shown = new LinkedHashMap<>();
            shown.put("account", database.row(
                    "SELECT state, expires, sku FROM accounts WHERE id = ?", account));
            shown.put("windows", database.rows("SELECT began, ended, value, outcome FROM windows"
                    + " WHERE account = ? ORDER BY began", account));
            for (String table : tables) {
                var rows = database.rows("SELECT * FROM " + table);
                rows.removeIf(row -> !isOwner(account, (String) row.get(0)));
                rows.forEach(row -> row.remove(0));
                shown.put(table, rows);
            }
            return new Answer(200, shown);
        });
    }

    /** Logs a buyer in, and counts it as one use. */
    private Answer logIn(String account) throws Exception {
        return database.inTransaction(() -> {
            var found = database.row("SELECT state FROM accounts WHERE id = ?", account);
            if (found == null || !found.get(0).equals("active")) {
                return new Answer(403, null);
            }
            usage.count(account);
            return new Answer(200, null);
        });
    }

    private static boolean isOwner(String account, String owner) {
        String instance = JsonParser.parseString(owner).getAsJsonArray().get(0).getAsString();
        return instance.equals(account);
    }

    private static void print(String done, JsonObject notice) {
        JsonObject data = notice.getAsJsonObject("data");
        String instance = Notices.text(data, "instanceId");
        String entity = instance == null || instance.isEmpty()
                ? Notices.text(data, "tenantId") : instance;
        String part = data.has("part") ? " part " + data.get("part") + " of " + data.get("parts") : "";
        System.out.println(done + ": " + Notices.text(notice, "type") + " " + entity + " "
                + data.get("sequence") + part);
    }
}
