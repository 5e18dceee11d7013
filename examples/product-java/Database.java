import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** The product's tables, over one JDBC connection. */
final class Database {
    /**
     * {@code seen} contains the ids of all notices. {@code last_applied} contains the last pair of
     * sequence and part of each entity. {@code to_check} contains the notices that came too late,
     * for a person to check. An account has usage from the second {@code began} to the second {@code
     * ended}, which is null before its release. {@code windows} contains the usage that was or will be
     * reported: its {@code outcome} is null until koohook's answer is final.
     */
    private static final List<String> TABLES = List.of(
            "seen (id VARCHAR(100) PRIMARY KEY)",
            "last_applied (entity VARCHAR(300) PRIMARY KEY, sequence BIGINT, part INTEGER)",
            "to_check (owner VARCHAR(300), id VARCHAR(100) PRIMARY KEY, notice TEXT)",
            "accounts (id VARCHAR(64) PRIMARY KEY, state VARCHAR(20), expires VARCHAR(20),"
                    + " sku VARCHAR(100), user_name VARCHAR(100), password VARCHAR(100),"
                    + " is_access_sent INTEGER, began BIGINT, ended BIGINT)",
            "uses (account VARCHAR(64), at BIGINT)",
            "windows (account VARCHAR(64), began BIGINT, ended BIGINT, value VARCHAR(20),"
                    + " outcome VARCHAR(30), PRIMARY KEY (account, began))",
            "tenants (owner VARCHAR(300) PRIMARY KEY, name TEXT, domain TEXT)",
            "applications (owner VARCHAR(300) PRIMARY KEY, client TEXT, secret TEXT)",
            "users (owner VARCHAR(300), user_name VARCHAR(200), record TEXT,"
                    + " PRIMARY KEY (owner, user_name))",
            "departments (owner VARCHAR(300), code VARCHAR(64), name TEXT, parent TEXT,"
                    + " changed VARCHAR(30), sequence BIGINT, PRIMARY KEY (owner, code))");

    private final Connection connection;

    Database(String file) throws SQLException {
        connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        try (Statement statement = connection.createStatement()) {
            for (String table : TABLES) {
                statement.execute("CREATE TABLE IF NOT EXISTS " + table);
            }
        }
        connection.setAutoCommit(false);
    }

    /**
     * Runs work in one transaction, one piece of work after the other. If the work fails, nothing
     * of it is stored.
     */
    synchronized <T> T inTransaction(Callable<T> work) throws Exception {
        try {
            T result = work.call();
            connection.commit();
            return result;
        } catch (Exception failure) {
            connection.rollback();
            throw failure;
        }
    }

    /** Runs a statement that changes rows. */
    void change(String sql, Object... values) throws SQLException {
        try (PreparedStatement statement = prepare(sql, values)) {
            statement.executeUpdate();
        }
    }

    /** Returns the rows of a query, each as a list of its columns. */
    List<List<Object>> rows(String sql, Object... values) throws SQLException {
        try (PreparedStatement statement = prepare(sql, values);
                ResultSet result = statement.executeQuery()) {
            int columns = result.getMetaData().getColumnCount();
            List<List<Object>> rows = new ArrayList<>();
            while (result.next()) {
                List<Object> row = new ArrayList<>();
                for (int column = 1; column <= columns; column++) {
                    row.add(result.getObject(column));
                }
                rows.add(row);
            }
            return rows;
        }
    }

    /** Returns the first row of a query, or null. */
    List<Object> row(String sql, Object... values) throws SQLException {
        List<List<Object>> rows = rows(sql, values);
        return rows.isEmpty() ? null : rows.get(0);
    }

    private PreparedStatement prepare(String sql, Object... values) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        for (int place = 0; place < values.length; place++) {
            statement.setObject(place + 1, values[place]);
        }
        return statement;
    }
}
