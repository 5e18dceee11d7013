"""One installation of koohook on FunctionGraph: its functions from their packages with the settings that the
page about FunctionGraph names, Redis over TLS, the product, and the marketplace."""

import base64
import shutil
import subprocess

import packages
from authority import Authority
from checks import check
from function import CODE, Function, Platform
from gateway import Gateway
from marketplace import Marketplace, UsageInterface
from product import Product
from redis_server import Redis
from runtime import AGENCY, RelayInstance

BASE_KEY, KIT_KEY = "made-up-base-key-of-packages", "made-up-kit-key-of-packages"
SEAL_KEY = base64.b64encode(b"made-up-seal-key-of-the-packages").decode()
SECRET = "whsec_bWFkZS11cC1wcm9kdWN0LXNlY3JldC0wMDAwMDE="
REDIS, PRODUCT, MARKETPLACE = 6379, 9443, 9080  # The ports inside each function's namespace.
REDIS_CA, PEM = "redis-ca.pem", "made-up.pem"
MAX_SETTINGS = 4096  # Characters: FunctionGraph's limit for all variables of a function.
KIT = {"tenant-sync", "application-sync", "auth-sync", "single-org-sync", "all-org-sync"}
# The page about FunctionGraph has these: the timeout in seconds, and the memory in MB.
LIMITS = {"app-info": (12, 128), "usage": (22, 128), "relay": (59, 128)}


class Servers:
    """What is outside of the functions: Redis, the product, the marketplace's interface for usage."""

    def __init__(self, folder):
        self.authority = Authority(folder)
        self.redis = Redis(folder / "redis", self.authority)
        self.product = Product(SECRET, self.authority.server)
        self.usage = UsageInterface(BASE_KEY)

    def ports(self):
        return {REDIS: self.redis.port, PRODUCT: self.product.port, MARKETPLACE: self.usage.port}

    def end(self):
        for server in (self.redis, self.product, self.usage):
            server.end()


class Installation:
    """The functions of one seller."""

    name, code, contracts, scenarios = "functiongraph", CODE, ("V1", "V2"), ()

    def __init__(self, source, program, servers, folder):
        self.servers, self.product, self.folder = servers, servers.product, folder
        self.logs = folder / "logs"
        self.logs.mkdir()
        self.pem, sealed = make_rsa_key(program, folder)
        certificate, rsa_key = make_sellers_files(program, servers.authority.certificate, folder)
        codes = self.codes(source, program, certificate, rsa_key)
        functions = {name: self.function(name, code) for name, code in codes.items()}
        self.platform = self.platform_of(functions)
        self.relays = []
        self.gateway = self.gateway_of(self.platform)
        self.marketplace = Marketplace(program, self.gateway.address, BASE_KEY, KIT_KEY, sealed)

    platform_of, gateway_of = staticmethod(Platform), staticmethod(Gateway)

    def codes(self, source, _program, certificate, rsa_key):
        """The code of each function, with the certificate of Redis' authority and the kit's sealed key."""
        made = packages.add_files(source, self.folder / "with-files", [certificate], rsa_key)
        unpacked = packages.unpack_functions(made, self.folder / "functions-with-files", [REDIS_CA])
        return {name: code for name, (code, _) in unpacked.items()}

    def function(self, name, code):
        settings = self.settings(name)
        length = sum(len(key) + len(value) for key, value in settings.items())
        check(length <= MAX_SETTINGS, f"the settings of {name} have {length} characters")
        timeout, memory = LIMITS.get(name, (6, 256 if name in KIT else 128))
        return Function(name, code, settings, self.servers.ports(), timeout, memory, self.logs)

    def settings(self, name):
        settings = {
            "KOOHOOK_STORE": self.servers.redis.address(f"{self.code}/{REDIS_CA}", REDIS),
            "KOOHOOK_SEAL_KEY": SEAL_KEY, "KOOHOOK_PRODUCT_SECRET": SECRET,
            "KOOHOOK_PRODUCT_URL": f"https://localhost:{PRODUCT}/hooks",
            "KOOHOOK_PRODUCT_CA": self.servers.authority.pem(),
        }
        if name in ("receive", "relay"):
            settings["KOOHOOK_BASE_KEY"] = BASE_KEY
        if name == "relay":
            settings["KOOHOOK_OPENAPI_HOST"] = f"http://127.0.0.1:{MARKETPLACE}"
        if name in KIT:
            settings["KOOHOOK_KIT_KEY"] = KIT_KEY
        if name == "application-sync":
            settings["KOOHOOK_RSA_PRIVATE_KEY_FILE"] = f"{CODE}/{packages.RSA_KEY}"
        return settings

    def start_relay(self, **more):
        """A new instance of the relay, which waits for its first event."""
        relay = RelayInstance(self.platform.functions["relay"], **more)
        self.relays.append(relay)
        relay.wait_until_it_asks()
        return relay

    def secrets(self):
        """What no log may contain."""
        key_lines = [line for line in self.pem.splitlines() if "-" not in line]
        own = [BASE_KEY, KIT_KEY, SEAL_KEY, SECRET.removeprefix("whsec_"), "made-up-redis-password",
               "made-up-buyers-password", "made-up-client-secret", "15905222222"]
        return own + key_lines + list(AGENCY.values())

    def instances(self):
        return self.platform.instances + self.relays

    def end(self):
        self.gateway.end()
        self.platform.end()
        for relay in self.relays:
            relay.end()


def make_rsa_key(program, folder):
    """The kit's private key, and a client secret that was encrypted for it."""
    file = folder / PEM
    koohook(program, "keys", "new", "--out", file)
    return file.read_text(), koohook(program, "keys", "seal", file, "made-up-client-secret").strip()


def make_sellers_files(program, authority, folder):
    """The files that the seller adds to the packages: the certificate of Redis' authority, and the kit's sealed
    key."""
    certificate, rsa_key = folder / REDIS_CA, folder / packages.RSA_KEY
    shutil.copyfile(authority, certificate)
    koohook(program, "keys", "pack", "--out", rsa_key, folder / PEM, KOOHOOK_SEAL_KEY=SEAL_KEY)
    rsa_key.chmod(0o644)
    return certificate, rsa_key


def koohook(program, *arguments, **settings):
    done = subprocess.run([program, *arguments], env=settings, check=True, capture_output=True, text=True)
    return done.stdout


def unpack(folder, source):
    """Unpacks all packages. The code of each function, the machine's folder, and the sizes."""
    packages.check_sums(source)
    functions = packages.unpack_functions(source, folder / "functions")
    machine, length = packages.unpack_machine(source, folder / "machine")
    sizes = {name: size for name, (_, size) in functions.items()} | {"machine": length}
    return {name: code for name, (code, _) in functions.items()}, machine, sizes
