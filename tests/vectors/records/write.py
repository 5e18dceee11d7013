"""Lets an older koohook write a store, and prints it as SQL.

    python3 write.py OLDER_KOOHOOK >schema-2.sql

schema-1.sql and schema-2.sql were written in this way, each by the last version with that schema.
Only the standard library is needed.
"""
import http.server, json, os, signal, socket, sqlite3, subprocess, sys, tempfile, threading, time

KOOHOOK = sys.argv[1]
KEY = "constructed-base-key-0001"
SECRET = "whsec_Y29uc3RydWN0ZWQtcHJvZHVjdC1zZWNyZXQtMDAwMQ=="
READY = b'{"appInfo":{"frontEndUrl":"https://app.example.com/i"}}'
answer = [200, READY]


class Product(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        status, body = answer
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


folder = tempfile.mkdtemp()
product = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Product)
threading.Thread(target=product.serve_forever, daemon=True).start()
port = free_port()
settings = {
    "KOOHOOK_BASE_KEY": KEY,
    "KOOHOOK_STORE": "sqlite:koohook.db",
    "KOOHOOK_PRODUCT_URL": f"http://127.0.0.1:{product.server_address[1]}/",
    "KOOHOOK_PRODUCT_SECRET": SECRET,
    "KOOHOOK_LISTEN": f"127.0.0.1:{port}",
}
server = subprocess.Popen([KOOHOOK, "serve"], env=settings, cwd=folder, stdout=subprocess.DEVNULL)
while True:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        break
    except OSError:
        time.sleep(0.1)


def send(contract, activity, *members):
    address = f"http://127.0.0.1:{port}/saasproduce"
    command = [KOOHOOK, "send", contract, "--key", KEY, "--address", address, activity, *members]
    done = subprocess.run(command, env={}, cwd=folder, capture_output=True, text=True)
    return json.loads(done.stdout)


def buy(order):
    return send("--v2", "newInstance", f"orderId={order}", f"orderLineId={order}-1")["instanceId"]


def status(instance, word):
    send("--v2", "updateInstanceStatus", f"instanceId={instance}", f"status={word}")


renewed = buy("CS1")
send("--v2", "refreshInstance", "scene=RENEWAL", f"instanceId={renewed}", "orderId=CR1", "orderLineId=CR1-1",
     "expireTime=20300101000000")
status(renewed, "FREEZE")
send("--v1", "newInstance", "orderId=CV1", "productId=P1", "customerId=C1")
released = buy("CS5")
send("--v2", "releaseInstance", f"instanceId={released}", "orderId=CX5", "orderLineId=CX5-1")
answer[:] = [200, b'{"refuse":"000106"}']
buy("CS2")
answer[:] = [202, b""]
buy("CS3")
answer[:] = [500, b""]
buy("CS4")
status(renewed, "UNFREEZE")
time.sleep(1)
server.send_signal(signal.SIGTERM)
server.wait()
for line in sqlite3.connect(os.path.join(folder, "koohook.db")).iterdump():
    print(line)
