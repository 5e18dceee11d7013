"""Checks what a packaged program needs of the system, with readelf: no newer glibc than 2.17, no other
libraries than glibc's, and nothing of the machine that built it."""

import re
import subprocess

from checks import check, check_equal

OLDEST = (2, 17)
# glibc's own libraries. libgcc_s is not among them: an image for functions may lack it.
LIBRARIES = {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1",
             "ld-linux-x86-64.so.2"}
# Folders of a machine that builds. A path in a program differs on another machine.
BUILT_IN = re.compile(rb"/(?:tmp|root|home)/[\w./-]+|[\w./-]*/openssl-build/[\w./-]*")
LOADER = "/lib64/ld-linux-x86-64.so.2"


def check_program(program):
    """Returns the newest version of glibc that the program needs."""
    head, dynamic = readelf("--file-header", program), readelf("--dynamic", program)
    check("Advanced Micro Devices X86-64" in head, f"{program} is for x86_64")
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
    check(needed <= LIBRARIES, f"{program} needs {sorted(needed - LIBRARIES)}")
    check(not re.search(r"\((RPATH|RUNPATH)\)", dynamic), f"{program} has a path for libraries")
    loader = re.search(r"interpreter: (.*)\]", readelf("--program-headers", program))
    check_equal(loader and loader[1], LOADER, f"the loader of {program}")
    folder = BUILT_IN.search(program.read_bytes())
    check(not folder, f"{program} contains {folder and folder[0]}, a folder of the machine that built it")
    newest = max(versions(program))
    check(newest <= OLDEST, f"{program} needs GLIBC_{'.'.join(map(str, newest))}; the oldest is 2.17")
    return newest


def versions(program):
    """The versions of glibc that the program's symbols need."""
    text = readelf("--version-info", program)
    named = set(re.findall(r"Name: (\w+)_([\d.]+)", text))
    check({library for library, _ in named} == {"GLIBC"}, f"{program} needs other versions: {sorted(named)}")
    return [tuple(map(int, version.split("."))) for _, version in named]


def readelf(option, program):
    done = subprocess.run(["readelf", "--wide", option, program], capture_output=True, text=True, check=True)
    return done.stdout
