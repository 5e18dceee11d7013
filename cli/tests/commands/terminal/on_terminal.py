"""Runs a command on a real terminal.

    on_terminal.py ANSWER COMMAND [ARGUMENT ...]

The terminal is the command's standard input, output and error. When the command asks, ANSWER is typed:
y, n, ^C, ^D, or nothing if the command asks nothing. Prints the exit code, then all that the terminal
shows. A command that a signal ends has the code 128 + signal, as in a shell.
"""

import os
import pty
import signal
import sys

KEYS = {"^C": b"\x03", "^D": b"\x04"}

answer, command = sys.argv[1], sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    # A shell starts its background jobs without SIGINT, and the command would inherit that.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execvp(command[0], command)
shown, is_answered = b"", not answer
while True:
    try:
        part = os.read(terminal, 65536)
    except OSError:  # Linux reports the end of a terminal as EIO.
        break
    if not part:
        break
    shown += part
    if not is_answered and b"[y/N]" in shown:
        os.write(terminal, KEYS.get(answer, answer.encode() + b"\n"))
        is_answered = True
_, status = os.waitpid(child, 0)
code = os.waitstatus_to_exitcode(status)
sys.stdout.write(f"{code if code >= 0 else 128 - code}\n")
sys.stdout.flush()
sys.stdout.buffer.write(shown)
