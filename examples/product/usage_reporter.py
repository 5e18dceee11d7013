"""Reports usage to koohook: one window for each hour of each account (docs/product.md, "Report usage").

The product stores each use when it happens. After each hour the reporter closes the windows of this hour:
it stores each window with its value, and never changes the value again. Then it reports the windows, until
koohook's answer is final. A window that was reported twice is `repeated`, so a crash loses nothing.
"""

import threading
import time
from datetime import datetime, timezone

# Times are seconds since 1970. `outcome` is NULL until koohook's answer is final.
TABLES = """
CREATE TABLE IF NOT EXISTS uses (account TEXT, at INTEGER);
CREATE TABLE IF NOT EXISTS windows (
    account TEXT, began INTEGER, ended INTEGER, value TEXT, outcome TEXT,
    PRIMARY KEY (account, began));
"""

# koohook accepts usage for so many seconds after a release. `usageUntil` is the end of this time.
ACCEPTED_AFTER_RELEASE = (20 * 24 + 20) * 3600
# Without `usageUntil`, the release is at most this much earlier than the notice's own time.
LONGEST_WAY = 60

MOST_RECORDS = 1000
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # Seconds.


class UsageReporter:
    """Closes the windows of each hour, and reports them."""

    def __init__(self, product, hour):
        self.product, self.hour = product, hour
        product.database.executescript(TABLES)

    def start(self):
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        pause = FIRST_PAUSE
        while True:
            try:
                self.close_windows(int(time.time()))
                done = self.report_all()
            except Exception as failure:  # The database failed: try again, and never end.
                print(f"usage not reported: {type(failure).__name__}", flush=True)
                done = False
            if done:
                pause = FIRST_PAUSE
                # A minute after the hour: the notice of a release may still be on its way.
                time.sleep(self.hour - time.time() % self.hour + self.hour / 60)
            else:
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    def count(self, account):
        """Counts one use. Must be called in a transaction."""
        self.product.do("INSERT INTO uses VALUES (?, ?)", account, int(time.time()))

    def release(self, account, ended):
        """Cuts the windows of a released account. koohook rejects windows that end after the release,
        so a rejected one is reported again."""
        self.product.do(
            "UPDATE windows SET ended = ?, outcome = NULL WHERE account = ? AND began < ? AND ended > ?"
            " AND (outcome IS NULL OR outcome = 'ends-after-release')", ended, account, ended, ended)

    def close_windows(self, now):
        """Makes windows of the uses in the hours that are over."""
        with self.product.lock, self.product.database:
            over = now - now % self.hour
            uses = self.product.do(
                "SELECT account, at, began, ended FROM uses JOIN accounts ON id = account WHERE at < ?",
                over).fetchall()
            values = {}
            for account, at, began, ended in uses:
                window = (account, *self.window(at, began, ended))
                values[window] = values.get(window, 0) + 1
            for window, value in values.items():
                self.add(*window, str(value))
            self.product.do("DELETE FROM uses WHERE at < ?", over)

    def add(self, account, began, ended, value):
        """Adds a window. A use after the release cannot be billed, nor one in a window that exists: its
        value must not change."""
        is_new = began < ended and self.product.do(
            "INSERT OR IGNORE INTO windows VALUES (?, ?, ?, ?, NULL)", account, began, ended, value).rowcount
        if not is_new:
            print(f"usage left out: {account} {rfc3339(began)} {value}", flush=True)

    def window(self, at, began, ended):
        """The window of a use: its hour, without the time before the purchase or after the release."""
        if ended is not None:
            at = min(at, ended - 1)
        begin = at - at % self.hour
        end = begin + self.hour if ended is None else min(begin + self.hour, ended)
        return max(begin, began), end

    def report_all(self):
        """Reports all windows that have no final answer. Returns whether all have one now."""
        while True:
            with self.product.lock:
                windows = self.product.do(
                    "SELECT account, began, ended, value FROM windows WHERE outcome IS NULL"
                    " ORDER BY began LIMIT ?", MOST_RECORDS).fetchall()
            if not windows:
                return True
            if not self.report(windows):
                return False

    def report(self, windows):
        """Reports windows in one call. Returns whether the answers to all of them are final."""
        records = [record(place, *window) for place, window in enumerate(windows)]
        status, answer = self.product.send("POST", "/usage", {"records": records})
        # A 503 may contain final answers to some of the records.
        outcomes = answer.get("records") if isinstance(answer, dict) else None
        if status not in (200, 503) or not outcomes:
            # A real product raises an alarm here if the status is 401, 404, 413 or 422.
            print(f"usage not reported: {status}", flush=True)
            return False
        with self.product.lock, self.product.database:
            for window, outcome in zip(windows, outcomes):
                self.settle(*window, outcome)
        return all(outcome["status"] != "retry" for outcome in outcomes)

    def settle(self, account, began, ended, value, outcome):
        word = outcome.get("reason") or outcome["status"]
        if word != "retry":
            # If the window was cut in the meantime, its new end must be reported, too.
            self.product.do("UPDATE windows SET outcome = ? WHERE account = ? AND began = ? AND ended = ?",
                            word, account, began, ended)
        # A real product raises an alarm if a window is rejected: a person must look at it.
        what = "usage rejected" if outcome["status"] == "rejected" else "usage reported"
        print(f"{what}: {account} {rfc3339(began)} {rfc3339(ended)} {value} {word}", flush=True)


def record(place, account, began, ended, value):
    return {"recordId": str(place), "instanceId": account, "beginTime": rfc3339(began),
            "endTime": rfc3339(ended), "value": value}


def released_at(data):
    """The second of a release. After it, the instance has no usage."""
    if data.get("usageUntil"):
        return seconds(data["usageUntil"]) - ACCEPTED_AFTER_RELEASE
    return (seconds(data["timestamp"]) if data.get("timestamp") else int(time.time())) - LONGEST_WAY


def rfc3339(at):
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(text):
    """Reads koohook's RFC 3339, which is always UTC with milliseconds."""
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")
    return int(moment.replace(tzinfo=timezone.utc).timestamp())
