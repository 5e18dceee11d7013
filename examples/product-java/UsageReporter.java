import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Reports usage to koohook: one window for each hour of each account (docs/product.md, "Report
 * usage"). The product stores each use when it happens. After each hour the reporter closes the windows
 * of this hour: it stores each window with its value, and never changes the value again. Then it
 * reports the windows, until koohook's answer is final. A window that was reported twice is {@code
 * repeated}, so a crash loses nothing.
 */
final class UsageReporter {
    /** koohook accepts usage for so long after a release. {@code usageUntil} is the end of this time. */
    private static final Duration ACCEPTED_AFTER_RELEASE = Duration.ofDays(20).plusHours(20);
    /** Without {@code usageUntil}, the release is at most this much earlier than the notice's time. */
    private static final Duration LONGEST_WAY = Duration.ofSeconds(60);

    private static final int MOST_RECORDS = 1000;
    private static final double FIRST_PAUSE_SECONDS = 1;
    private static final double LONGEST_PAUSE_SECONDS = 60;

    private final Database database;
    private final Koohook koohook;
    private final long hour;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private double pause = FIRST_PAUSE_SECONDS;

    /** A window of an account, in seconds since 1970. */
    private record Window(String account, long began, long ended) { }

    UsageReporter(Database database, Koohook koohook, long hour) {
        this.database = database;
        this.koohook = koohook;
        this.hour = hour;
    }

    void start() {
        timer.execute(this::run);
    }

    private void run() {
        boolean done = false;
        try {
            closeWindows(now());
            done = reportAll();
        } catch (Exception failure) { // The database failed: try again, and never end.
            System.out.println("usage not reported: " + failure.getClass().getName());
        }
        if (done) {
            pause = FIRST_PAUSE_SECONDS;
            // A minute after the hour: the notice of a release may still be on its way.
            double left = hour - System.currentTimeMillis() / 1000.0 % hour;
            schedule(left + hour / 60.0);
        } else {
            schedule(pause);
            pause = Math.min(pause * 2, LONGEST_PAUSE_SECONDS);
        }
    }

    private void schedule(double seconds) {
        timer.schedule(this::run, Math.round(seconds * 1000), TimeUnit.MILLISECONDS);
    }

    /** Counts one use. Must be called in a transaction. */
    void count(String account) throws SQLException {
        database.change("INSERT INTO uses VALUES (?, ?)", account, now());
    }

    /** Makes windows of the uses in the hours that are over. */
    private void closeWindows(long now) throws Exception {
        long over = now - now % hour;
        database.inTransaction(() -> {
            Map<Window, Long> values = new LinkedHashMap<>();
            for (List<Object> use : database.rows("SELECT account, at, began, ended FROM uses"
                    + " JOIN accounts ON id = account WHERE at < ?", over)) {
                Number ended = (Number) use.get(3);
                Window window = window((String) use.get(0), number(use.get(1)),
                        number(use.get(2)), ended == null ? null : ended.longValue());
                values.merge(window, 1L, Long::sum);
            }
            for (Map.Entry<Window, Long> entry : values.entrySet()) {
                add(entry.getKey(), entry.getValue().toString());
            }
            database.change("DELETE FROM uses WHERE at < ?", over);
            return null;
        });
    }

    /** The window of a use: its hour, without the time before the purchase or after the release. */
    private Window window(String account, long at, long began, Long ended) {
        long last = ended == null ? at : Math.min(at, ended - 1);
        long begin = last - last % hour;
        long end = ended == null ? begin + hour : Math.min(begin + hour, ended);
        return new Window(account, Math.max(begin, began), end);
    }

    /**
     * Adds a window. A use after the release cannot be billed, nor one in a window that exists: its
     * value must not change.
     */
    private void add(Window window, String value) throws SQLException {
        boolean exists = database.row("SELECT began FROM windows WHERE account = ? AND began = ?",
                window.account(), window.began()) != null;
        if (exists || window.began() >= window.ended()) {
            System.out.println("usage left out: " + window.account() + " "
                    + rfc3339(window.began()) + " " + value);
            return;
        }
        database.change("INSERT INTO windows VALUES (?, ?, ?, ?, NULL)",
                window.account(), window.began(), window.ended(), value);
    }

    /** Reports all windows that have no final answer. Returns whether all have one now. */
    private boolean reportAll() throws Exception {
        while (true) {
            List<List<Object>> windows = database.inTransaction(() -> database.rows(
                    "SELECT account, began, ended, value FROM windows WHERE outcome IS NULL"
                            + " ORDER BY began LIMIT ?", MOST_RECORDS));
            if (windows.isEmpty()) {
                return true;
            }
            if (!report(windows)) {
                return false;
            }
        }
    }

    /** Reports windows in one call. Returns whether the answers to all of them are final. */
    private boolean report(List<List<Object>> windows) throws Exception {
        JsonArray records = new JsonArray();
        windows.forEach(window -> records.add(record(records.size(), window)));
        JsonObject message = new JsonObject();
        message.add("records", records);
        Koohook.Answer answer;
        try {
            answer = koohook.send("POST", "/usage", message);
        } catch (IOException unreachable) {
            System.out.println("usage not reported: unreachable");
            return false;
        }
        // A 503 may contain final answers to some of the records.
        boolean hasOutcomes = (answer.status() == 200 || answer.status() == 503)
                && answer.body() != null && answer.body().get("records") instanceof JsonArray;
        if (!hasOutcomes) {
            // A real product raises an alarm here if the status is 401, 404, 413 or 422.
            System.out.println("usage not reported: " + answer.status());
            return false;
        }
        JsonArray outcomes = answer.body().getAsJsonArray("records");
        return database.inTransaction(() -> {
            boolean allFinal = true;
            for (int place = 0; place < windows.size(); place++) {
                allFinal &= settle(windows.get(place), outcomes.get(place));
            }
            return allFinal;
        });
    }

    /** Stores the answer to a window. Returns whether it is final. */
    private boolean settle(List<Object> window, JsonElement outcome) throws SQLException {
        String status = Notices.text(outcome.getAsJsonObject(), "status");
        String reason = Notices.text(outcome.getAsJsonObject(), "reason");
        String word = reason == null ? status : reason;
        boolean isFinal = !word.equals("retry");
        if (isFinal) {
            // If the window was cut in the meantime, its new end must be reported, too.
            database.change("UPDATE windows SET outcome = ?"
                    + " WHERE account = ? AND began = ? AND ended = ?",
                    word, window.get(0), window.get(1), window.get(2));
        }
        // A real product raises an alarm if a window is rejected: a person must look at it.
        String what = status.equals("rejected") ? "usage rejected: " : "usage reported: ";
        System.out.println(what + window.get(0) + " " + rfc3339(number(window.get(1))) + " "
                + rfc3339(number(window.get(2))) + " " + window.get(3) + " " + word);
        return isFinal;
    }

    private static JsonObject record(int place, List<Object> window) {
        JsonObject record = new JsonObject();
        record.addProperty("recordId", Integer.toString(place));
        record.addProperty("instanceId", (String) window.get(0));
        record.addProperty("beginTime", rfc3339(number(window.get(1))));
        record.addProperty("endTime", rfc3339(number(window.get(2))));
        record.addProperty("value", (String) window.get(3));
        return record;
    }

    /** The second of a release. After it, the instance has no usage. */
    static long releasedAt(JsonObject notice) {
        String until = Notices.text(notice.getAsJsonObject("data"), "usageUntil");
        if (until != null) {
            return Instant.parse(until).minus(ACCEPTED_AFTER_RELEASE).getEpochSecond();
        }
        String timestamp = Notices.text(notice, "timestamp");
        Instant at = timestamp == null ? Instant.now() : Instant.parse(timestamp);
        return at.minus(LONGEST_WAY).getEpochSecond();
    }

    static long now() {
        return Instant.now().getEpochSecond();
    }

    private static String rfc3339(long at) {
        return Instant.ofEpochSecond(at).toString();
    }

    private static long number(Object value) {
        return ((Number) value).longValue();
    }
}
