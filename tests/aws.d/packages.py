"""deploy/aws/with-packages writes a template that names finished packages."""

import os
import subprocess
import tempfile
from pathlib import Path

from reading import FUNCTION, binary_of, need, template

# What `koohook package` makes, and one function with a single activity.
MADE = ["receive", "relay", "app-info", "usage", "tenant-sync", "application-sync", "auth-sync", "single-org-sync",
        "all-org-sync", "new-instance"]


def check(root):
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        for name in MADE:
            (made / f"{name}.zip").write_bytes(b"")
        ran = run(root, made)
        need(ran.returncode == 0, f"with-packages failed: {ran.stderr}")
        check_written(template(ran.stdout), made)
        (made / "relay.zip").unlink()
        need(run(root, made).returncode != 0, "with-packages accepts a folder without relay.zip")


def run(root, folder):
    return subprocess.run([root / "deploy/aws/with-packages", folder], capture_output=True, text=True, timeout=60,
                          env={"PATH": os.environ["PATH"]})


def check_written(tree, folder):
    """Each function has its own package. A function without one has that of `receive`."""
    for key, resource in tree["Resources"].items():
        if resource["Type"] == FUNCTION:
            binary = binary_of(resource)
            wanted = folder / f"{binary if (folder / f'{binary}.zip').exists() else 'receive'}.zip"
            need(resource["Properties"]["CodeUri"] == str(wanted), f"with-packages: {key} has not {wanted.name}")
