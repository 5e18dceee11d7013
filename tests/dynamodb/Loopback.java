import com.amazonaws.services.dynamodbv2.local.main.ServerRunner;
import com.amazonaws.services.dynamodbv2.local.server.DynamoDBProxyServer;
import java.util.Arrays;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * Starts DynamoDB Local on a free port of this machine's loopback and prints that address. Without
 * this launcher it listens on every address and on a fixed port.
 */
class Loopback {
    public static void main(String[] none) throws Exception {
        String[] arguments = {"-inMemory", "-sharedDb", "-disableTelemetry", "-port", "8000"};
        DynamoDBProxyServer local = ServerRunner.createServerFromCommandLineArgs(arguments);
        var field = DynamoDBProxyServer.class.getDeclaredField("server");
        field.setAccessible(true);
        var server = (Server) field.get(local);
        var connector =
                Arrays.stream(server.getConnectors())
                        .map(ServerConnector.class::cast)
                        .findFirst()
                        .orElseThrow();
        connector.setHost("127.0.0.1");
        connector.setPort(0);
        server.start();
        System.out.println("http://127.0.0.1:" + connector.getLocalPort());
        System.out.flush();
        // Stops with the process that started it: its input closes when that process ends.
        while (System.in.read() >= 0) {}
        System.exit(0);
    }
}
