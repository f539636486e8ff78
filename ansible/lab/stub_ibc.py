#!/usr/bin/python3
"""IBC's and IB Gateway's stand-in in the lab: stub_ibc.py CONFIG.INI.

Rule: it answers the API's handshake, start and accounts and IBC's STOP and RESTART, on the ports the configuration
names; it trades nothing. A RESTART keeps the process, as the real one keeps the login.
"""

import socketserver
import struct
import sys
import threading
from pathlib import Path


def settings(path: Path) -> dict[str, str]:
    """Read key=value lines."""
    lines = (line for line in path.read_text().splitlines() if "=" in line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


def frame(*fields: str) -> bytes:
    """Encode one message."""
    payload = "".join(f"{field}\0" for field in fields).encode()
    return struct.pack(">I", len(payload)) + payload


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
                self.wfile.write(frame("15", "1", "DU0000001"))
                self.wfile.write(frame("9", "1", "1"))


class Commands(socketserver.StreamRequestHandler):
    """IBC's command server."""

    def handle(self) -> None:
        """Obey one command."""
        command = self.rfile.readline().decode().strip()
        known = command in {"STOP", "RESTART"}
        self.wfile.write(b"OK\n" if known else b"ERROR unknown\n")
        sys.stdout.write(f"{command}\n")
        sys.stdout.flush()
        if command == "STOP":
            threading.Thread(target=api.shutdown).start()


class Server(socketserver.ThreadingTCPServer):
    """A server that can be started again at once."""

    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    given = settings(Path(sys.argv[1]))
    if not (given["IbLoginId"] and given["IbPassword"]):
        sys.exit("no login in the configuration")
    commands = Server(("127.0.0.1", int(given["CommandServerPort"])), Commands)
    threading.Thread(target=commands.serve_forever, daemon=True).start()
    # Like the real one on every address: closing it to the network is the firewall's work.
    api = Server(("0.0.0.0", int(given["OverrideTwsApiPort"])), Api)  # noqa: S104  # the stand-in must be as open
    api.serve_forever()
