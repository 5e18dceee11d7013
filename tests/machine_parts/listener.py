"""What the proxy's listener accepts, passes on and refuses."""

import re
import socket
import ssl

from . import signing
from .load import ADDRESS
from .processes import BASE_KEY, KIT_KEY

KIT_LIMIT, BASE_LIMIT = 4 << 20, 256 << 10
REFUSED = (413, None)  # The status and the code, if the proxy itself answers.
OPEN = ("/", "/healthz", "/readyz")
# Not the address of this machine's proxy, and nobody's: RFC 5737 reserves it for examples.
FORGED = "203.0.113.9"


def check(proxy, processes):
    """Runs each check, and returns what was checked."""
    checks = [http1_only, tls, kit_limit, base_limit, long_query, odd_query, closed_paths]
    for one in checks:
        one(proxy)
    caller_address(proxy, processes)
    return [re.sub("_", " ", one.__name__) for one in [*checks, caller_address]]


def http1_only(proxy):
    """The listener offers no HTTP/2, also if the caller prefers it."""
    connection = proxy.connection()
    chosen = connection.open(alpn=["h2", "http/1.1"])
    connection.close()
    assert chosen in (None, "http/1.1"), f"the listener speaks {chosen}"


def tls(proxy):
    """TLS 1.2 and 1.3 are accepted; TLS 1.1 is refused."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        assert handshake(proxy, version) == version.name.replace("_", "."), f"{version.name} is refused"
    assert handshake(proxy, ssl.TLSVersion.TLSv1_1) is None, "TLS 1.1 is accepted"


def handshake(proxy, version):
    context = ssl.create_default_context(cafile=proxy.authority)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", proxy.port)) as plain:
        try:
            with context.wrap_socket(plain, server_hostname="seller.example.com") as secure:
                return secure.version()
        except ssl.SSLError:
            return None


def kit_limit(proxy):
    """A kit call of 4 MiB passes. One byte more is refused, and koohook does not receive it."""
    for length, expected in ((KIT_LIMIT, (200, "000000")), (KIT_LIMIT + 1, REFUSED)):
        answer = kit_call(proxy, length)
        assert answer == expected, f"a kit call of {length} bytes is answered {answer}"


def kit_call(proxy, length):
    """Sends a rehearsal whose body has this length. Returns the status and the code."""
    body = padded(length, {"instanceId": "", "tenantId": "T1", "orgCode": "1", "orgName": "O", "flag": 1,
                           "testFlag": 1, "timeStamp": "20261127120000000"})
    return answer_to(proxy, f"{ADDRESS}/produceAPI/v2/singleOrgSync", body,
                     signing.kit_headers(KIT_KEY, body))


def base_limit(proxy):
    """koohook itself refuses a base call above 256 KiB."""
    for length, expected in ((BASE_LIMIT, (200, "000000")), (BASE_LIMIT + 1, (413, "body too large"))):
        body = padded(length, rehearsed({}))
        answer = answer_to(proxy, f"{ADDRESS}?{signing.v2_query(BASE_KEY, body)}", body, {})
        assert answer == expected, f"a base call of {length} bytes is answered {answer}"


def padded(length, members):
    """A body of this length."""
    rest = length - len(signing.compact(members | {"remark": ""}))
    return signing.compact(members | {"remark": "x" * rest})


def answer_to(proxy, target, body, headers, method="POST"):
    """The status of an answer, and its code if koohook answered. A proxy may close the connection
    before it has read a body that is too long."""
    connection = proxy.connection()
    try:
        response = connection.call(method, target, body, headers)
    except (ConnectionError, ssl.SSLEOFError):
        return REFUSED
    finally:
        connection.close()
    if response.values("Content-Type") != ["application/json"]:
        return response.status, None
    members = signing.parsed(response.body)
    return response.status, members.get("resultCode", members.get("error"))


def long_query(proxy):
    """A V1 call with a query of 16,000 bytes passes."""
    parts = {f"note{number}": "x" * 2000 for number in range(8)}
    query = signing.v1_query(BASE_KEY, rehearsed(parts))
    answer = answer_to(proxy, f"{ADDRESS}?{query}", b"", {}, "GET")
    assert answer == (200, "000000"), f"a query of {len(query)} bytes is answered {answer}"


def odd_query(proxy):
    """The proxy passes the query on byte for byte: its encoding, its blanks, its semicolons."""
    query = signing.v1_query(BASE_KEY, rehearsed({"customerName": "a+b c;d&e=f%zz 测试"}))
    for sent in (query, query.replace("+", "%20"), query.replace("%3B", ";")):
        answer = answer_to(proxy, f"{ADDRESS}?{sent}", b"", {}, "GET")
        assert answer == (200, "000000"), f"{sent} is answered {answer}"


def rehearsed(members):
    return {"activity": "queryInstance", "instanceId": "I1", "testFlag": "1"} | members


def closed_paths(proxy):
    """The proxy itself answers the paths that are for the machine only. The health is open."""
    for path in (*OPEN, "/metrics", "/metrics/", "/relay", "/relay/x"):
        expected = (200, None) if path in OPEN else (404, None)
        answer = answer_to(proxy, path, b"", {}, "GET")
        assert answer == expected, f"{path} is answered {answer}"


def caller_address(proxy, processes):
    """koohook's log has the address that the proxy saw, not the one that the caller wrote."""
    body = signing.compact(rehearsed({}))
    connection = proxy.connection(address="127.0.0.3")
    headers = {"X-Forwarded-For": FORGED, "X-Request-Id": "chosen-by-the-caller",
               "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    connection.call("POST", f"{ADDRESS}?{signing.v2_query(BASE_KEY, body)}", body, headers)
    connection.close()
    lines = [line for process in processes for line in process.lines()]
    seen = [line for line in lines if line.get("address") == "127.0.0.3"]
    assert len(seen) == 1, f"koohook's log does not have the caller's address: {lines[-1]}"
    chosen = ("chosen-by-the-caller", "0af7651916cd43dd8448eb211c80319c")
    assert seen[0]["requestId"] not in chosen, "koohook believed the caller's request ID"
    assert not any(FORGED in str(line) for line in lines), "koohook believed a forged address"
