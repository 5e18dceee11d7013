"""The systemd unit that is shipped: its environment, and what systemd itself says about it."""

import os
import shutil
import subprocess

UNIT = "koohook@.service"
# Systemd's figure of the exposure, times ten: 0 is a perfect sandbox, 100 is none.
MAX_EXPOSURE = 15


def settings(folder, drop_ins, instance, credentials):
    """The variables that the unit sets for an instance, with its credentials in a folder."""
    files = [folder / UNIT, *(folder / f"{UNIT}.d" / f"{name}.conf" for name in drop_ins)]
    lines = [line for file in files for line in file.read_text().splitlines()]
    loaded = {value.partition(":")[0] for value in values(lines, "LoadCredential")}
    found = {}
    for value in values(lines, "Environment"):
        name, _, text = value.partition("=")
        if text.startswith("%d/"):
            loaded.remove(text.removeprefix("%d/"))
        found[name] = text.replace("%i", str(instance)).replace("%d", str(credentials))
    assert not loaded, f"the unit loads credentials that no setting names: {loaded}"
    return found


def values(lines, key):
    return [line.partition("=")[2] for line in lines if line.partition("=")[0] == key]


def verify(folder, work):
    """Lets systemd read the unit, alone and with all drop-ins. Returns the exposure that it computes."""
    units = installed(work)
    shutil.copy(folder / UNIT, units)
    analyze("verify", "--man=no", f"--root={work}", "koohook@8001.service")
    shutil.copytree(folder / f"{UNIT}.d", units / f"{UNIT}.d")
    analyze("verify", "--man=no", f"--root={work}", "koohook@8001.service")
    return security(units / UNIT)


def installed(root):
    """A root folder with the program and systemd's own units, which this unit is ordered after."""
    units = root / "etc/systemd/system"
    program = root / "opt/koohook/bin/koohook"
    for directory in (units, program.parent, root / "lib/systemd"):
        directory.mkdir(parents=True)
    program.touch(0o755)
    shutil.copytree("/lib/systemd/system", root / "lib/systemd/system", symlinks=True)
    return units


def security(unit):
    said = analyze("security", "--offline=yes", f"--threshold={MAX_EXPOSURE}", "--no-pager", str(unit))
    line = [line for line in said.splitlines() if "Overall exposure level" in line][-1]
    return float(line.split(":")[1].split()[0])


def analyze(*words):
    done = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True,
                          env=os.environ | {"SYSTEMD_LOG_LEVEL": "warning"}, timeout=60)
    assert done.returncode == 0 and not done.stderr, f"{words}:\n{done.stdout}{done.stderr}"
    return done.stdout
