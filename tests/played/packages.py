"""Unpacks the packages as the platforms do, and checks what they contain."""

import hashlib
import stat
import subprocess
import tarfile
import zipfile
from pathlib import PurePosixPath

from checks import Failed, check, check_equal

FUNCTIONS = ["receive", "relay", "app-info", "usage", "tenant-sync", "application-sync", "auth-sync",
             "single-org-sync", "all-org-sync"]
MEBI = 1 << 20
# The console accepts 40 MB (openapi, limits of FunctionGraph). Larger packages need a bucket.
MAX_ZIP = 40 * MEBI
ON_MACHINE = ["bin/koohook", "LICENSE"]
MACHINE_FOLDERS = {"bin", "systemd", "nginx", "caddy", "docs", "LICENSE"}


def check_sums(packages):
    """SHA256SUMS names every package, and each sum is right."""
    lines = (packages / "SHA256SUMS").read_text().splitlines()
    named = {name: sum_ for sum_, name in (line.split("  ", 1) for line in lines)}
    found = {str(file.relative_to(packages)) for file in packages.rglob("*") if file.is_file()}
    check_equal(sorted(named), sorted(found - {"SHA256SUMS"}), "the list in SHA256SUMS")
    for name, sum_ in named.items():
        check_equal(hashlib.sha256((packages / name).read_bytes()).hexdigest(), sum_, f"the sum of {name}")


def unpack_functions(packages, folder):
    """Unpacks the ZIP of each function. The code folder and the size of each."""
    zips = {file.stem: file for file in (packages / "functiongraph").glob("*.zip")}
    check_equal(sorted(zips), sorted(FUNCTIONS), "the list of functions")
    return {name: (unpack_zip(file, folder / name), file.stat().st_size) for name, file in zips.items()}


def unpack_zip(file, folder):
    """The platform keeps the permissions that the ZIP names."""
    check(file.stat().st_size <= MAX_ZIP, f"{file.name} is longer than the console accepts")
    folder.mkdir(parents=True)
    with zipfile.ZipFile(file) as archive:
        check(archive.testzip() is None, f"{file.name} is damaged")
        check_equal([entry.filename for entry in archive.infolist()], ["bootstrap"], f"the list in {file.name}")
        for entry in archive.infolist():
            mode = entry.external_attr >> 16
            check(stat.S_ISREG(mode), f"{entry.filename} in {file.name} is a file (mode {mode:o})")
            target = folder / entry.filename
            target.write_bytes(archive.read(entry))
            target.chmod(stat.S_IMODE(mode))
    check_equal(oct(stat.S_IMODE((folder / "bootstrap").stat().st_mode)), oct(0o755),
                f"the permission of bootstrap in {file.name}")
    return folder


def unpack_machine(packages, folder):
    """Unpacks the archive for a machine. Its top folder and its size."""
    files = list(packages.glob("koohook-*-x86_64-linux.tar.gz"))
    check_equal(len(files), 1, "the number of archives for a machine")
    top = files[0].name.removesuffix(".tar.gz")
    with tarfile.open(files[0]) as archive:
        for member in archive:
            check_member(member, top)
    folder.mkdir(parents=True)
    subprocess.run(["tar", "--extract", "--gzip", "--file", files[0], "--directory", folder], check=True)
    program = folder / top
    check_equal({child.name for child in program.iterdir()}, MACHINE_FOLDERS, "the list in the archive")
    for name in ON_MACHINE:
        check((program / name).is_file(), f"the archive contains {name}")
    check_equal(oct(stat.S_IMODE((program / "bin/koohook").stat().st_mode)), oct(0o755),
                "the permission of bin/koohook")
    return program, files[0].stat().st_size


def check_member(member, top):
    """Nothing leaves the top folder, and nobody's account or time is inside."""
    path = PurePosixPath(member.name)
    check(path.parts[0] == top and ".." not in path.parts, f"{member.name} is outside of {top}")
    check(member.isfile() or member.isdir(), f"{member.name} is a file or a folder")
    check_equal((member.uid, member.gid), (0, 0), f"the owner of {member.name}")
    wanted = 0o755 if member.isdir() or path.parts[1:2] == ("bin",) else 0o644
    check_equal(oct(member.mode), oct(wanted), f"the permission of {member.name}")


def program_of(folder):
    """The program in an unpacked package."""
    for name in ("bootstrap", "bin/koohook"):
        if (folder / name).is_file():
            return folder / name
    raise Failed(f"{folder} contains no program")
