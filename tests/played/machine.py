"""The archive for a machine: what it contains serves, with nothing but settings."""

import signal
import subprocess
import urllib.error
import urllib.request

from checks import PATIENCE, check, check_equal, until
from installation import BASE_KEY, KIT_KEY, SEAL_KEY, SECRET
from lives import new_order
from marketplace import Marketplace
from redis_server import free_port


class Machine:
    """A machine with the unpacked archive."""

    def __init__(self, home, pem_file, servers, folder):
        self.program, self.servers, self.folder = home / "bin/koohook", servers, folder
        self.pem_file = pem_file

    def settings(self, store):
        return {
            "KOOHOOK_STORE": store, "KOOHOOK_BASE_KEY": BASE_KEY, "KOOHOOK_KIT_KEY": KIT_KEY,
            "KOOHOOK_SEAL_KEY": SEAL_KEY, "KOOHOOK_RSA_PRIVATE_KEY_FILE": str(self.pem_file),
            "KOOHOOK_PRODUCT_URL": f"https://localhost:{self.servers.product.port}/hooks",
            "KOOHOOK_PRODUCT_SECRET": SECRET, "KOOHOOK_LISTEN": f"127.0.0.1:{free_port()}",
            "KOOHOOK_PRODUCT_CA_FILE": str(self.servers.authority.certificate),
            "KOOHOOK_OPENAPI_HOST": f"http://127.0.0.1:{self.servers.usage.port}",
        }

    def sqlite(self):
        self._serve("sqlite", f"sqlite:{self.folder}/koohook.db")

    def redis(self):
        authority = self.servers.authority.certificate
        self._serve("redis", self.servers.redis.address(authority, prefix="machine"))

    def _serve(self, name, store):
        """Checks the settings, serves a purchase and a repeat, and stops."""
        settings, log = self.settings(store), self.folder / f"serve-{name}.log"
        with open(log, "wb") as lines:
            process = subprocess.Popen([self.program, "serve"], env=settings, cwd=self.folder,
                                       stdin=subprocess.DEVNULL, stdout=lines, stderr=lines)
        try:
            host = f"http://{settings['KOOHOOK_LISTEN']}"
            until(lambda: process.poll() is not None or status(f"{host}/readyz") == 200, "serve is ready")
            check(process.poll() is None, f"serve ended:\n{log.read_text()}")
            checked = subprocess.run([self.program, "check"], env=settings, cwd=self.folder,
                                     capture_output=True, text=True, timeout=PATIENCE)
            check_equal(checked.returncode, 0, f"the code of koohook check\n{checked.stdout}{checked.stderr}")
            self._buy(f"{host}/saasproduce")
            process.send_signal(signal.SIGTERM)
            check_equal(process.wait(PATIENCE), 0, "the code of a stopped serve")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(PATIENCE)

    def _buy(self, address):
        order = new_order("MACHINE")
        marketplace = Marketplace(self.program, address, BASE_KEY, KIT_KEY, "")
        answers = [marketplace.send("v2", "newInstance", f"orderId={order}", "orderLineId=line-1")
                   for _ in range(2)]
        check_equal([one["resultCode"] for one in answers], ["000000"] * 2, "the codes of a purchase")
        check_equal(answers[0]["instanceId"], answers[1]["instanceId"], "the instance of the repeat")
        found = [one.type for one in self.servers.product.of_order(order)]
        check_equal(found, ["instance.created"], "the list of notices")


def status(url):
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except (urllib.error.URLError, OSError):
        return None
