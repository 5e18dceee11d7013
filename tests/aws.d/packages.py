"""deploy/aws/with-packages writes a template that names finished packages."""

import os
import subprocess
import tempfile
from pathlib import Path

from reading import FUNCTION, binary_of, need, template

# What `koohook package` makes, and one function with a single activity.
MADE = ["receive", "relay", "app-info", "usage", "tenant-sync", "application-sync", "auth-sync", "single-org-sync",
        "all-org-sync", "new-instance"]
# Each would end a text of YAML without quotes, or change it.
FOLDERS = ["plain", "ha #sh", "co: lon", "it's \"quoted\"", "back\\slash", "[list]", "包裹 📦"]


def check(root):
    with tempfile.TemporaryDirectory() as folder:
        for name in FOLDERS:
            made = Path(folder) / name
            make(made)
            ran = run(root, made)
            need(ran.returncode == 0, f"with-packages failed: {ran.stderr}")
            check_written(template(ran.stdout), made)
        (made / "relay.zip").unlink()
        need(run(root, made).returncode != 0, "with-packages accepts a folder without relay.zip")


def make(folder):
    folder.mkdir()
    for name in MADE:
        (folder / f"{name}.zip").write_bytes(b"")


def run(root, folder):
    return subprocess.run([root / "deploy/aws/with-packages", folder], capture_output=True, encoding="utf-8",
                          timeout=60, env={"PATH": os.environ["PATH"]})


def check_written(tree, folder):
    """Each function has its own package. A function without one has that of `receive`."""
    for key, resource in tree["Resources"].items():
        if resource["Type"] == FUNCTION:
            binary = binary_of(resource)
            wanted = folder / f"{binary if (folder / f'{binary}.zip').exists() else 'receive'}.zip"
            has = resource["Properties"]["CodeUri"]
            need(has == str(wanted), f"with-packages: {key} has {has!r}, not {str(wanted)!r}")
