"""Unpacks the packages as the platforms do, and checks what they contain."""

import hashlib
import shutil
import stat
import subprocess
import tarfile
import zipfile
from pathlib import PurePosixPath

from checks import check, check_equal

FUNCTIONS = ["receive", "relay", "app-info", "usage", "tenant-sync", "application-sync", "auth-sync",
             "single-org-sync", "all-org-sync"]
MEBI = 1 << 20
# The API of FunctionGraph accepts a ZIP of 50 MB. A larger one needs a bucket.
MAX_ZIP = 50 * MEBI
ON_TOP = {"bin", "systemd", "nginx", "caddy", "docs", "CHANGELOG.md", "LICENSE", "LICENSES.txt", "README.md",
          "README.zh-CN.md", "sbom.cdx.json"}
# The files that say what a package consists of. `tests/sbom` reads them.
LISTS = ["LICENSES.txt", "sbom.cdx.json"]
# The seller's files in a package.
OUTPUT = ".vercel/output"
HOLDS_RSA_KEY, RSA_KEY = "application-sync", "rsa-private-key.sealed"


def check_sums(packages):
    """SHA256SUMS names every package, and each sum is right."""
    lines = (packages / "SHA256SUMS").read_text().splitlines()
    named = {name: sum_ for sum_, name in (line.split("  ", 1) for line in lines)}
    # The folder for Vercel has the files of its archive.
    found = {str(file.relative_to(packages)) for file in packages.rglob("[!.]*") if file.is_file()}
    found = {name for name in found if not name.startswith("vercel/")}
    check_equal(sorted(named), sorted(found - {"SHA256SUMS"}), "the list in SHA256SUMS")
    for name, sum_ in named.items():
        check_equal(hashlib.sha256((packages / name).read_bytes()).hexdigest(), sum_, f"the sum of {name}")


def unpack_functions(packages, folder, extra=(), target="functiongraph"):
    """Unpacks the ZIP of each function. The code folder and the size of each. `extra` are the files that the
    seller put into every package."""
    zips = {file.stem: file for file in (packages / target).glob("*.zip")}
    check_equal(sorted(zips), sorted(FUNCTIONS), "the list of functions")
    return {name: (unpack_zip(file, folder / name, extra), file.stat().st_size) for name, file in zips.items()}


def unpack_zip(file, folder, extra):
    """The platform keeps the permissions that the ZIP names."""
    check(file.stat().st_size <= MAX_ZIP, f"{file.name} is longer than the console accepts")
    folder.mkdir(parents=True)
    with zipfile.ZipFile(file) as archive:
        wanted = {"bootstrap": 0o755} | dict.fromkeys([*LISTS, *extra], 0o644)
        if extra and file.stem == HOLDS_RSA_KEY:
            wanted[RSA_KEY] = 0o644
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
        check_equal(shown(modes), shown({name: stat.S_IFREG | mode for name, mode in wanted.items()}),
                    f"the list of files in {file.name}")
        for name, mode in modes.items():
            (folder / name).write_bytes(archive.read(name))
            (folder / name).chmod(stat.S_IMODE(mode))
    return folder


def shown(modes):
    return sorted(f"{stat.filemode(mode)} {name}" for name, mode in modes.items())


def unpack_vercel(packages, folder):
    """Unpacks the archive for Vercel. The folder of the build output, and the size of the archive."""
    top, size = unpack_archive(packages, folder, "koohook-*-vercel.tar.gz", "executable")
    found = subprocess.run(["diff", "--recursive", "--brief", top / OUTPUT, packages / "vercel" / OUTPUT])
    check_equal(found.returncode, 0, "the code of diff between the archive and the folder for Vercel")
    return top / OUTPUT, size


def unpack_machine(packages, folder):
    """Unpacks the archive for a machine. Its top folder and its size."""
    top, size = unpack_archive(packages, folder, "koohook-*-x86_64-linux.tar.gz", "koohook")
    check_equal({child.name for child in top.iterdir()}, ON_TOP, "the list in the archive")
    check_equal([child.name for child in (top / "bin").iterdir()], ["koohook"], "the list in bin")
    return top, size


def unpack_archive(packages, folder, pattern, program):
    """Unpacks the only archive with such a name. Its top folder and its size. Only files with the name `program`
    may be programs."""
    files = list(packages.glob(pattern))
    check_equal(len(files), 1, f"the number of archives {pattern}")
    top = files[0].name.removesuffix(".tar.gz")
    with tarfile.open(files[0]) as archive:
        for member in archive:
            check_member(member, top, program)
    folder.mkdir(parents=True)
    subprocess.run(["tar", "--extract", "--gzip", "--file", files[0], "--directory", folder], check=True)
    return folder / top, files[0].stat().st_size


def check_member(member, top, program):
    """Only the program can be started. Nothing leaves the top folder, and no account of the building machine is inside."""
    path = PurePosixPath(member.name)
    check(path.parts[0] == top and ".." not in path.parts, f"{member.name} is outside of {top}")
    check(member.isfile() or member.isdir(), f"{member.name} is a file or a folder")
    check_equal((member.uid, member.gid), (0, 0), f"the owner of {member.name}")
    wanted = 0o755 if member.isdir() or path.name == program else 0o644
    check_equal(oct(member.mode), oct(wanted), f"the permission of {member.name}")


def add_files(packages, folder, files, rsa_key):
    """The packages with the seller's files, which the seller adds with `zip`."""
    shutil.copytree(packages, folder)
    for package in (folder / "functiongraph").glob("*.zip"):
        added = [*files, rsa_key] if package.stem == HOLDS_RSA_KEY else files
        subprocess.run(["zip", "--junk-paths", "--quiet", package, *added], check=True)
    return folder
