"""One installation of koohook on AWS Lambda: its functions from their packages with the settings of
`template.yaml`, a table of DynamoDB's emulator, the product, and the marketplace."""

import os
import subprocess
import urllib.parse

import installation
from authority import Authority
from checks import check
from gateway import Gateway
from installation import BASE_KEY, KIT, KIT_KEY, SEAL_KEY, SECRET
from lambda_events import REGION
from lambda_gate import Gate
from lambda_platform import ROLE, KeepsCapitals, LambdaFunction, LambdaPlatform, RelayOnLambda
from marketplace import Marketplace, UsageInterface
from product import Product

DYNAMODB, PRODUCT, MARKETPLACE = 8000, 9443, 9080  # The ports inside each function's namespace.
TABLE = f"lambda-play-{os.getpid()}"
MAX_SETTINGS = 4096  # Bytes: Lambda's limit for all variables of a function.
# As in template.yaml: the timeout in seconds. Each function has 128 MB.
TIMEOUTS, TIMEOUT, MEMORY = {"app-info": 12, "usage": 22, "relay": 50}, 6, 128


class LambdaServers:
    """What is outside of the functions: DynamoDB, the product, the marketplace's interface for usage."""

    def __init__(self, folder, dynamodb):
        self.authority = Authority(folder)
        self.gate = Gate(urllib.parse.urlsplit(dynamodb).port, ROLE["AWS_SESSION_TOKEN"])
        self.product = Product(SECRET, self.authority.server)
        self.usage = UsageInterface(BASE_KEY)

    def create_table(self, program):
        """An emulator that has just started may answer later than koohook waits. So this tries again."""
        for _ in range(4):
            try:
                return installation.koohook(program, "store", "create", address(self.gate.port), **ROLE)
            except subprocess.CalledProcessError as fault:
                print(f"   the table is not created yet: {fault.stderr.strip()}")
        return installation.koohook(program, "store", "create", address(self.gate.port), **ROLE)

    def ports(self):
        return {DYNAMODB: self.gate.port, PRODUCT: self.product.port, MARKETPLACE: self.usage.port}

    def end(self):
        for server in (self.gate, self.product, self.usage):
            server.end()


class LambdaInstallation:
    """The functions of one seller."""

    contracts, scenarios = ("V1", "V2"), ()

    def __init__(self, codes, program, emulator, servers, folder):
        self.program, self.servers, self.product = program, servers, servers.product
        self.logs = folder / "logs"
        self.logs.mkdir(parents=True)
        LambdaFunction.emulator = str(emulator)
        self.pem, sealed = installation.make_rsa_key(program, folder)
        functions = {name: self.function(name, code) for name, code in codes.items()}
        self.platform, self.relays = LambdaPlatform(functions), []
        self.plain_gateway = Gateway(self.platform)
        self.gateway = Gateway(KeepsCapitals(self.platform))
        self.marketplace = Marketplace(program, self.gateway.address, BASE_KEY, KIT_KEY, sealed)

    def function(self, name, code):
        settings = self.settings(name)
        length = sum(len(f"{key}{value}".encode()) for key, value in settings.items())
        check(length <= MAX_SETTINGS, f"the settings of {name} have {length} bytes")
        ports = self.servers.ports()
        return LambdaFunction(name, code, settings, ports, TIMEOUTS.get(name, TIMEOUT), MEMORY, self.logs)

    def settings(self, name):
        """The template gives the base key to every function."""
        settings = {
            "KOOHOOK_BASE_KEY": BASE_KEY, "KOOHOOK_STORE": address(DYNAMODB), "KOOHOOK_SEAL_KEY": SEAL_KEY,
            "KOOHOOK_PRODUCT_SECRET": SECRET, "KOOHOOK_PRODUCT_URL": f"https://localhost:{PRODUCT}/hooks",
            "KOOHOOK_PRODUCT_CA": self.servers.authority.pem(), "KOOHOOK_METRICS": "emf",
        }
        if name == "relay":
            settings["KOOHOOK_OPENAPI_HOST"] = f"http://127.0.0.1:{MARKETPLACE}"
        if name in KIT:
            settings["KOOHOOK_KIT_KEY"] = KIT_KEY
        if name == "application-sync":
            # The template's parameter is one line.
            settings["KOOHOOK_RSA_PRIVATE_KEY"] = self.pem.strip().replace("\n", "\\n")
        return settings

    def start_relay(self, **more):
        """A new instance of the relay. If its clock is ahead, so is the end of its time: the emulator tells the
        end by this machine's clock."""
        function = self.platform.functions["relay"]
        ahead = int(more.get("FAKETIME", "+0s").strip("+s"))
        relay = RelayOnLambda(function, AWS_LAMBDA_FUNCTION_TIMEOUT=str(function.timeout + ahead), **more)
        self.relays.append(relay)
        return relay

    def secrets(self):
        """What no log may contain."""
        key_lines = [line for line in self.pem.splitlines() if "-" not in line]
        own = [BASE_KEY, KIT_KEY, SEAL_KEY, SECRET.removeprefix("whsec_"), "made-up-buyers-password",
               "made-up-client-secret", "15905222222"]
        return own + key_lines + list(ROLE.values())

    def instances(self):
        return self.platform.instances + self.relays

    def end(self):
        self.gateway.end()
        self.plain_gateway.end()
        self.platform.end()
        for relay in self.relays:
            relay.end()


def address(port):
    return f"dynamodb://{TABLE}?region={REGION}&endpoint=http://127.0.0.1:{port}"

