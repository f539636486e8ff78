#!/usr/bin/python3
"""Java's, IBC's and IB Gateway's stand-in in the lab, started by IBC's real start script: stub_jvm.py JAVA-ARGUMENTS...

Rule: it answers the API's handshake, start and accounts and IBC's STOP and RESTART, on the ports the configuration
names; it trades nothing. It reads its configuration as Java does. How it ends is written into the file ``plan`` of the
home folder, a line for each start, the first one used up by the next start:

    exit CODE [after SECONDS]   leave with this code
    login-failed                as IBC does after a refused log-in: ask the start script for a cold restart, leave with 0
    phone                       run, but nobody is logged in: the phone was not answered
    account ID                  run, logged in with this account

``stub_jvm.py --print KEY FILE`` says what Java would read there.
"""

import os
import re
import socketserver
import struct
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def logical_lines(text: str) -> Iterator[str]:
    """Lines as java.util.Properties sees them: without comments, joined where an odd backslash ends one."""
    whole = ""
    for line in re.split(r"\r\n|\r|\n", text):
        rest = line.lstrip(" \t\f")
        if not whole and (not rest or rest[0] in "#!"):
            continue
        whole += rest
        if (len(whole) - len(whole.rstrip("\\"))) % 2:
            whole = whole[:-1]
            continue
        yield whole
        whole = ""


def unescaped(text: str) -> str:
    """Resolve backslashes and Unicode escapes; surrogate pairs become one character, as in Java."""

    def meant(found: re.Match[str]) -> str:
        sign = found[1]
        return chr(int(sign[1:], 16)) if len(sign) > 1 else ESCAPES.get(sign, sign)

    text = re.sub(r"\\(u[0-9a-fA-F]{4}|.)", meant, text)
    return text.encode("utf-16", "surrogatepass").decode("utf-16")


def settings(path: Path) -> dict[str, str]:
    """Read a file as java.util.Properties.load does: only Latin-1 is read as it stands."""
    return properties(path.read_text("latin-1"))


def properties(text: str) -> dict[str, str]:
    """Read key=value lines."""
    found = {}
    for line in logical_lines(text):
        key, value = re.fullmatch(
            r"((?:[^\\=: \t\f]|\\.)*)[ \t\f]*[=:]?[ \t\f]*(.*)", line, re.DOTALL
        ).groups()  # type: ignore[union-attr]
        found[unescaped(key)] = unescaped(value)
    return found


def frame(*fields: str) -> bytes:
    """Encode one message."""
    payload = "".join(f"{field}\0" for field in fields).encode()
    return struct.pack(">I", len(payload)) + payload


class Server(socketserver.ThreadingTCPServer):
    """A server that can be started again at once."""

    allow_reuse_address = True
    daemon_threads = True
    account = "DU0000001"


class Api(socketserver.StreamRequestHandler):
    """One API client: handshake, start, accounts, then silence until it leaves."""

    def handle(self) -> None:
        """Serve until the client closes."""
        if self.rfile.read(4) != b"API\0":
            return
        self.rfile.read(*struct.unpack(">I", self.rfile.read(4)))
        self.wfile.write(frame("187", "20260102 09:30:00 EST"))
        while size := self.rfile.read(4):
            message = self.rfile.read(*struct.unpack(">I", size)).decode().split("\0")
            if message[0] == "71":
                self.wfile.write(frame("15", "1", getattr(self.server, "account", "DU0000001")))
                self.wfile.write(frame("9", "1", "1"))


class Commands(socketserver.StreamRequestHandler):
    """IBC's command server. A RESTART leaves what the gateway leaves, so that the next start needs no log-in."""

    def handle(self) -> None:
        """Obey one command."""
        command = self.rfile.readline().decode().strip()
        known = command in {"STOP", "RESTART"}
        self.wfile.write(b"OK\n" if known else b"ERROR unknown\n")
        self.wfile.flush()
        sys.stdout.write(f"{command}\n")
        sys.stdout.flush()
        if command == "RESTART":
            autorestart = FOLDER / "abcdefgh" / "autorestart"
            autorestart.parent.mkdir(exist_ok=True)
            autorestart.touch()
        if known:
            threading.Timer(0.3, os._exit, [0]).start()


def next_step(plan: Path) -> list[str]:
    """Use up the first line of the plan."""
    lines = plan.read_text().splitlines() if plan.exists() else []
    plan.write_text("".join(f"{line}\n" for line in lines[1:]))
    return lines[0].split() if lines else []


def option(name: str) -> str:
    """A -D option of Java's command line."""
    return next((one.split("=", 1)[1] for one in sys.argv if one.startswith(f"-D{name}=")), "")


def main() -> None:
    """Run as the plan says."""
    given = settings(Path(sys.argv[-1]))
    step = next_step(FOLDER.parent / "plan")
    sys.stdout.write(f"started: {' '.join(step) or 'as always'}\n")
    sys.stdout.flush()
    for left in FOLDER.glob("*/autorestart"):
        left.unlink()
    if step[:1] == ["exit"]:
        time.sleep(float(step[3]) if len(step) > 3 else 0)
        sys.exit(int(step[1]))
    if step == ["login-failed"] or not (given["IbLoginId"] and given["IbPassword"]):
        (FOLDER / f"COLDRESTART{option('ibcsessionid')}").touch()
        sys.exit(0)
    if not Path("/tmp/.X11-unix/X1").exists():  # noqa: S108  where Xvfb puts it
        sys.exit(1)
    commands = Server(("127.0.0.1", int(given["CommandServerPort"])), Commands)
    if step != ["phone"]:
        # Like the real one on every address: closing it to the network is the firewall's work.
        api = Server(("0.0.0.0", int(given["OverrideTwsApiPort"])), Api)  # noqa: S104  # the stand-in must be as open
        api.account = (
            step[1]
            if step[:1] == ["account"]
            else {"paper": "DU0000001"}.get(given["TradingMode"], "U0000001")
        )
        threading.Thread(target=api.serve_forever, daemon=True).start()
    commands.serve_forever()


if __name__ == "__main__":
    if sys.argv[1] == "--print":
        sys.stdout.write(settings(Path(sys.argv[3]))[sys.argv[2]])
    else:
        FOLDER = Path(option("jtsConfigDir"))
        main()
