import java.util.HashMap;
import java.util.Map;

/** The options of the command line. */
record Options(
        int port, String database, String koohook, Double later, String refuse, long hour) {
    static final String USAGE = """
            usage: Product [--port PORT] [--database FILE] [--koohook ADDRESS]
                           [--later [SECONDS]] [--refuse CODE] [--hour SECONDS]

              --port      port to listen on (9000)
              --database  SQLite file (product.db)
              --koohook   address of koohook (http://127.0.0.1:8000)
              --later     answer purchases with 202, and send the access data SECONDS later (2)
              --refuse    refuse purchases with a code from 000100 to 000107
              --hour      how long a window of usage is; less than 3600 only for tests""";

    /** Reads the options; null if there is an option that does not exist. */
    static Options parse(String[] words) {
        Map<String, String> values = new HashMap<>(Map.of(
                "--port", "9000", "--database", "product.db",
                "--koohook", "http://127.0.0.1:8000", "--later", "", "--refuse", "",
                "--hour", "3600"));
        for (int place = 0; place < words.length; place++) {
            String name = words[place];
            boolean hasValue = place + 1 < words.length && !words[place + 1].startsWith("--");
            if (!values.containsKey(name) || !hasValue && !name.equals("--later")) {
                return null;
            }
            values.put(name, hasValue ? words[++place] : "2");
        }
        String later = values.get("--later");
        String refuse = values.get("--refuse");
        return new Options(
                Integer.parseInt(values.get("--port")), values.get("--database"),
                values.get("--koohook"), later.isEmpty() ? null : Double.valueOf(later),
                refuse.isEmpty() ? null : refuse, Long.parseLong(values.get("--hour")));
    }

    String address() {
        return "http://127.0.0.1:" + port;
    }

    double pauseSeconds() {
        return later == null ? 2 : later;
    }
}
