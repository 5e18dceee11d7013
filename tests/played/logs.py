"""What the functions wrote into their logs."""

import json

from checks import check


# The line of a start that is refused, and the one that `vercel dev` reads.
OTHER_LINES = "koohook does not start: ", "Dev server listening: "


def check_logs(installation):
    """Each line is JSON, and no line contains a secret. The line of a call has the platform's ID."""
    secrets, found = installation.secrets(), []
    for file in sorted(installation.logs.glob("*.log")):
        text = file.read_text()
        for secret in secrets:
            check(secret not in text, f"{file.name} contains a secret that begins with {secret[:12]}")
        lines = [line for line in text.splitlines() if not line.startswith(OTHER_LINES)]
        found += [json.loads(line).get("requestId") for line in lines]
    found = [one for one in found if one]
    given = {one for function in installation.platform.functions.values() for one in function.request_ids}
    check(set(found) <= given, f"the logs have requests that the platform did not send: {sorted(set(found) - given)[:3]}")
    check(len(found) > len(given) / 2, f"the logs have {len(found)} of {len(given)} requests")
