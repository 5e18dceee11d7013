"""What the store and the logs must say after the calls."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from .lives import EXPIRY


def states(installation, lives):
    """The state of each instance is what its calls said, and there is no other instance."""
    listed = installation.read("instances", "list", "--all")
    found = {entry["instanceId"]: entry for entry in listed}
    assert len(listed) == len(lives) == len(found), f"{len(listed)} instances, {len(lives)} bought"
    for life in lives:
        entry = found[life.instance]
        assert (entry["orderId"], entry["state"]) == (life.order, life.state), (life, entry)
        assert entry["expires"].replace("-", "").startswith(EXPIRY[:8] + "T16"), (life, entry)
    return Counter(entry["state"] for entry in listed)


def notices(installation, lives):
    """Each change left exactly one notice, in the order of the calls."""
    with ThreadPoolExecutor(4) as pool:
        return sum(pool.map(lambda life: notices_of(installation, life), lives))


def notices_of(installation, life):
    # `notices show` always prints JSON.
    kept = installation.json("notices", "show", "--instance", life.instance)
    told = [(one["notice"]["data"]["sequence"], one["notice"]["type"]) for one in kept]
    assert told == list(enumerate(life.notices, start=1)), (life, told)
    assert len({one["id"] for one in kept}) == len(kept), f"{life}: two notices have the same id"
    return len(kept)


def cut_queries(load, tries, processes):
    """A V2 query may be answered `000001` only if it was cut: the proxy sent it to both processes, and
    the first one had remembered its signature. Returns how many were answered so."""
    refused = [line for process in processes for line in process.lines() if is_refused(line)]
    for line in refused:
        assert tries.get(line["requestId"], 0) > 1, f"refused, but not repeated by the proxy: {line}"
    answered = sum(call.code == "000001" for call in load.answered)
    assert answered <= len(refused), f"{answered} queries were answered 000001, {len(refused)} logged"
    return answered


def is_refused(line):
    return line["message"] == "callback" and line.get("code") == "000001"


def no_secrets(proxy, secrets):
    """No log of the proxy has a query, a signature, or a parameter of a call."""
    text = proxy.logs()
    for word in ("?", "authToken", "signature=", "orderId", "nonce=", "customerName"):
        assert word not in text, f"a log of the proxy has {word}: {around(text, word)}"
    leaked = [secret for secret in secrets if secret in text]
    assert not leaked, f"a log of the proxy has the signature of {len(leaked)} calls"


def around(text, word):
    at = text.index(word)
    return text[max(0, at - 200):at + 100]
