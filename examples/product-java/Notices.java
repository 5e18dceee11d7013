import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Applies notices to the product's tables: each notice once, and the notices of an entity in order. */
final class Notices {
    static final Gson JSON = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();

    /** The members that identify an entity. The notices of one entity share its sequence. */
    private static final Map<String, List<String>> IDENTITY = Map.of(
            "instance", List.of("instanceId"),
            "tenant", List.of("instanceId", "tenantId"),
            "application", List.of("instanceId", "tenantId", "appId"),
            "user", List.of("instanceId", "tenantId", "appId"),
            "department", List.of("instanceId", "tenantId"));

    /**
     * The types that the product knows, each with the members that it needs. koohook always sends
     * them. It may remove all other members from a notice that is too long.
     */
    private static final Map<String, List<String>> NEEDED = Map.ofEntries(
            Map.entry("instance.created", List.of("instanceId")),
            Map.entry("instance.accepted", List.of("instanceId")),
            Map.entry("instance.renewed", List.of("instanceId")),
            Map.entry("instance.frozen", List.of("instanceId")),
            Map.entry("instance.thawed", List.of("instanceId")),
            Map.entry("instance.upgraded", List.of("instanceId")),
            Map.entry("instance.released", List.of("instanceId")),
            Map.entry("instance.abandoned", List.of("instanceId")),
            Map.entry("tenant.put", List.of("tenantId")),
            Map.entry("tenant.deleted", List.of("tenantId")),
            Map.entry("application.put", List.of("tenantId", "appId", "clientId", "clientSecret")),
            Map.entry("application.deleted", List.of("tenantId", "appId")),
            Map.entry("users.put", List.of("tenantId", "appId", "records")),
            Map.entry("users.revoked", List.of("tenantId", "appId", "records")),
            Map.entry("users.deleted", List.of("tenantId", "appId", "records")),
            Map.entry("department.put", List.of("tenantId", "orgCode", "changeTime")),
            Map.entry("department.deleted", List.of("tenantId", "orgCode")),
            Map.entry("departments.replaced", List.of("tenantId", "listTime")));

    private static final Map<String, String> STATES = Map.of(
            "frozen", "frozen", "thawed", "active", "released", "deleted", "abandoned", "deleted");

    private final Database database;
    private final boolean answersLater;
    private final SecureRandom random = new SecureRandom();

    Notices(Database database, boolean answersLater) {
        this.database = database;
        this.answersLater = answersLater;
    }

    /** Returns whether the notice has its type and data, and all members that the product needs. */
    static boolean isComplete(JsonElement notice) {
        if (!(notice instanceof JsonObject members) || text(members, "type") == null
                || !(members.get("data") instanceof JsonObject data)) {
            return false;
        }
        String type = text(members, "type");
        if (!NEEDED.containsKey(type)) {
            return true;
        }
        // The member that identifies a record of a list.
        String identity = type.startsWith("users.") ? "userName" : "orgCode";
        return has(data, "sequence")
                && NEEDED.get(type).stream().allMatch(name -> has(data, name))
                && records(data).stream().allMatch(record -> has(record, identity));
    }

    private static boolean has(JsonObject members, String name) {
        return members.get(name) instanceof JsonArray
                || !Objects.toString(text(members, name), "").isEmpty();
    }

    /**
     * Applies a complete notice if it is new and in order. Must be called in a transaction. Returns
     * what was done.
     */
    String apply(String noticeId, JsonObject notice) throws SQLException {
        String type = text(notice, "type");
        if (!isNew(noticeId)) {
            return "repeated";
        }
        if (!NEEDED.containsKey(type)) {
            return "unknown"; // A later koohook may send other types: accept them, ignore them.
        }
        String[] words = type.split("\\.", 2);
        String family = words[0].replaceFirst("s$", "");
        JsonObject data = notice.getAsJsonObject("data");
        String owner = owner(family, data);
        if (!isNext(family, data)) {
            database.change("INSERT INTO to_check VALUES (?, ?, ?)",
                    owner, noticeId, JSON.toJson(notice));
            return "too late";
        }
        switch (family) {
            case "instance" -> onInstance(words[1], notice);
            case "tenant" -> onTenant(words[1], owner, data);
            case "application" -> onApplication(words[1], owner, data);
            case "user" -> onUsers(words[1], owner, data);
            default -> onDepartment(words[1], owner, data);
        }
        return "applied";
    }

    private boolean isNew(String noticeId) throws SQLException {
        if (database.row("SELECT id FROM seen WHERE id = ?", noticeId) != null) {
            return false;
        }
        database.change("INSERT INTO seen VALUES (?)", noticeId);
        return true;
    }

    /** Returns whether no later notice of the entity was applied. Parts of a list share a sequence. */
    private boolean isNext(String family, JsonObject data) throws SQLException {
        String entity = family + " " + owner(family, data);
        long sequence = data.get("sequence").getAsLong();
        long part = data.has("part") ? data.get("part").getAsLong() : 0;
        List<Object> last =
                database.row("SELECT sequence, part FROM last_applied WHERE entity = ?", entity);
        if (last != null) {
            long lastSequence = ((Number) last.get(0)).longValue();
            long lastPart = ((Number) last.get(1)).longValue();
            if (sequence < lastSequence || sequence == lastSequence && part <= lastPart) {
                return false;
            }
        }
        database.change("REPLACE INTO last_applied VALUES (?, ?, ?)", entity, sequence, part);
        return true;
    }

    private void onInstance(String word, JsonObject notice) throws SQLException {
        JsonObject data = notice.getAsJsonObject("data");
        String account = text(data, "instanceId");
        if (word.equals("created")) {
            // After an abandoned purchase the notice may arrive again: the account starts again.
            byte[] password = new byte[9];
            random.nextBytes(password);
            database.change(
                    "REPLACE INTO accounts VALUES (?, 'active', NULL, ?, 'admin', ?, ?, ?, NULL)",
                    account, sku(data), Base64.getUrlEncoder().encodeToString(password),
                    answersLater ? 0 : 1, UsageReporter.now());
        } else if (STATES.containsKey(word)) {
            database.change("UPDATE accounts SET state = ? WHERE id = ?", STATES.get(word), account);
        }
        if (word.equals("released")) {
            endUsage(account, UsageReporter.releasedAt(notice));
        }
        if (word.equals("upgraded")) {
            database.change("UPDATE accounts SET sku = ? WHERE id = ?", sku(data), account);
        }
        if (word.matches("renewed|thawed") && data.has("expireTime")) {
            database.change("UPDATE accounts SET expires = ? WHERE id = ?",
                    text(data, "expireTime"), account);
        }
    }

    /**
     * Cuts the windows of a released account. koohook rejects windows that end after the release, so a
     * rejected one is reported again.
     */
    private void endUsage(String account, long ended) throws SQLException {
        database.change("UPDATE accounts SET ended = ? WHERE id = ?", ended, account);
        database.change("UPDATE windows SET ended = ?, outcome = NULL"
                + " WHERE account = ? AND began < ? AND ended > ?"
                + " AND (outcome IS NULL OR outcome = 'ends-after-release')",
                ended, account, ended, ended);
    }

    private void onTenant(String word, String owner, JsonObject data) throws SQLException {
        database.change("DELETE FROM tenants WHERE owner = ?", owner);
        if (word.equals("put")) {
            database.change("INSERT INTO tenants VALUES (?, ?, ?)",
                    owner, text(data, "name"), text(data, "domainName"));
        }
    }

    private void onApplication(String word, String owner, JsonObject data) throws SQLException {
        database.change("DELETE FROM applications WHERE owner = ?", owner);
        if (word.equals("put")) {
            database.change("INSERT INTO applications VALUES (?, ?, ?)",
                    owner, text(data, "clientId"), text(data, "clientSecret"));
        }
    }

    private void onUsers(String word, String owner, JsonObject data) throws SQLException {
        for (JsonObject user : records(data)) {
            String userName = text(user, "userName");
            database.change("DELETE FROM users WHERE owner = ? AND user_name = ?", owner, userName);
            if (word.equals("put")) {
                database.change("INSERT INTO users VALUES (?, ?, ?)",
                        owner, userName, JSON.toJson(user));
            }
        }
    }

    private void onDepartment(String word, String owner, JsonObject data) throws SQLException {
        long sequence = data.get("sequence").getAsLong();
        switch (word) {
            case "put" -> putDepartment(owner, data, text(data, "changeTime"), sequence);
            case "deleted" -> database.change(
                    "DELETE FROM departments WHERE owner = ? AND code = ?",
                    owner, text(data, "orgCode"));
            case "replaced" -> replaceDepartments(owner, data, sequence);
            default -> { }
        }
    }

    private void replaceDepartments(String owner, JsonObject data, long sequence)
            throws SQLException {
        String listTime = text(data, "listTime");
        for (JsonObject department : records(data)) {
            putDepartment(owner, department, listTime, sequence);
        }
        boolean isLastPart = !data.has("part") || data.get("part").equals(data.get("parts"));
        if (isLastPart) {
            // Delete the departments that the list does not name, unless they changed later.
            database.change("DELETE FROM departments"
                    + " WHERE owner = ? AND changed <= ? AND sequence < ?",
                    owner, listTime, sequence);
        }
    }

    private void putDepartment(String owner, JsonObject department, String changed, long sequence)
            throws SQLException {
        String name = null;
        for (String member : List.of("orgName", "OrgName", "name")) {
            name = name == null || name.isEmpty() ? text(department, member) : name;
        }
        if (name == null && department.has("other")) {
            putDepartment(owner, merged(department), changed, sequence);
            return;
        }
        database.change("REPLACE INTO departments VALUES (?, ?, ?, ?, ?, ?)",
                owner, text(department, "orgCode"), name, text(department, "parentCode"),
                changed, sequence);
    }

    /** A department with its own members and the members of its "other". */
    private static JsonObject merged(JsonObject department) {
        JsonObject all = department.getAsJsonObject("other").deepCopy();
        department.entrySet().forEach(member -> all.add(member.getKey(), member.getValue()));
        all.remove("other");
        return all;
    }

    private static List<JsonObject> records(JsonObject data) {
        List<JsonObject> records = new ArrayList<>();
        if (data.has("records")) {
            data.getAsJsonArray("records").forEach(it -> records.add(it.getAsJsonObject()));
        }
        return records;
    }

    /** The identity of an entity, as one text. Null, empty and missing members are equal. */
    private static String owner(String family, JsonObject data) {
        List<String> names = new ArrayList<>();
        for (String member : IDENTITY.get(family)) {
            String name = text(data, member);
            names.add(name == null ? "" : name);
        }
        return JSON.toJson(names);
    }

    /** The SKU of the purchase. V1 sends it. Under V2, koohook adds it in orderDetails if known. */
    private static String sku(JsonObject data) {
        if (data.has("skuCode")) {
            return text(data, "skuCode");
        }
        JsonElement found = data.get("orderDetails");
        for (String member : List.of("orderLine", "productInfo")) {
            found = found instanceof JsonObject parent ? parent.get(member) : null;
        }
        boolean isList = found != null && found.isJsonArray() && !found.getAsJsonArray().isEmpty();
        return isList ? text(found.getAsJsonArray().get(0).getAsJsonObject(), "skuCode") : null;
    }

    /** A member's text; null if it is missing, null, or not a plain value. */
    static String text(JsonObject members, String name) {
        JsonElement value = members.get(name);
        return value != null && value.isJsonPrimitive() ? value.getAsString() : null;
    }
}
