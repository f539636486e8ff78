"""Run a long command for as long as somebody is there who asked for it: while_connected.py COMMAND...

Rule: when the SSH connection goes (a lid is closed, Ctrl-C, a power cut at the other end), sshd's process for it ends,
and with it this command and all it started: the next run begins from a quiet machine. Without SSH it just runs.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

POLL_S = 2.0


def parent_and_name(pid: int) -> tuple[int, str]:
    """The parent and the name of a process, from /proc; (0, "") when it is gone."""
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    except OSError:
        return 0, ""
    return int(rest.split()[1]), name


def connection(pid: int) -> int:
    """The process of sshd that this one hangs on; 0 when there is none."""
    while pid > 1:
        parent, name = parent_and_name(pid)
        if name.startswith("sshd"):
            return pid
        pid = parent
    return 0


def is_there(sshd: int) -> bool:
    """Whether the connection is still open."""
    return sshd == 0 or parent_and_name(sshd)[1].startswith("sshd")


def main() -> int:
    """Start the command in a group of its own, and end the group with the connection."""
    sshd = connection(os.getpid())
    process = subprocess.Popen(sys.argv[1:], start_new_session=True)  # noqa: S603  that is its purpose
    while True:
        try:
            return process.wait(POLL_S)
        except subprocess.TimeoutExpired:
            if not is_there(sshd):
                os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                return 1


if __name__ == "__main__":
    sys.exit(main())
