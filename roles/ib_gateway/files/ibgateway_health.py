#!/usr/bin/python3
"""Ask IB Gateway whether its API really answers, in the API's own words.

Rule: an open port proves nothing, because it opens before the login is through. Only a finished handshake and a
list of accounts count. Runs on the gateway host with the standard library alone; exit code 1 = not healthy, 3 = an account
answered that does not fit the trading mode.
Frames: four bytes of length, then text fields that each end in a zero byte (IB's TWS API protocol).
"""

import argparse
import os
import socket
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

OLDEST, NEWEST = 100, 187
START_API = "71"
MANAGED_ACCOUNTS = "15"


@dataclass(frozen=True)
class Health:
    """What one check found. `server_version` is None when the handshake did not finish."""

    server_version: int | None
    handshake_seconds: float
    accounts: tuple[str, ...]
    why: str

    @property
    def logged_in(self) -> bool:
        """Whether the log-in is through: only then are there accounts."""
        return bool(self.accounts)

    def fits(self, trading_mode: str) -> bool:
        """Whether the accounts are of this mode. Paper accounts begin with D (IB's numbering), live ones do not."""
        if trading_mode not in {"paper", "live"}:
            return True
        return all(account.startswith("D") == (trading_mode == "paper") for account in self.accounts)


def frame(payload: bytes) -> bytes:
    """Put the length before a message."""
    return struct.pack(">I", len(payload)) + payload


def read_exactly(sock: socket.socket, size: int) -> bytes:
    """Read `size` bytes; ConnectionError when the peer stops earlier."""
    data = b""
    while len(data) < size:
        chunk = sock.recv(size - len(data))
        if not chunk:
            raise ConnectionError("closed before it answered")
        data += chunk
    return data


def read_fields(sock: socket.socket) -> list[str]:
    """Read one message as its fields."""
    (size,) = struct.unpack(">I", read_exactly(sock, 4))
    if size > 1 << 24:
        raise ConnectionError("does not speak the API")
    return read_exactly(sock, size).decode(errors="replace").split("\0")


def accounts_of(sock: socket.socket, client_id: int, until: float) -> tuple[str, ...]:
    """Start the API and wait for the accounts, which come only after the login."""
    sock.sendall(frame("\0".join([START_API, "2", str(client_id), "", ""]).encode()))
    while time.monotonic() < until:
        sock.settimeout(max(0.1, until - time.monotonic()))
        fields = read_fields(sock)
        if fields[0] == MANAGED_ACCOUNTS and len(fields) > 2 and fields[2]:
            return tuple(account for account in fields[2].split(",") if account)
    return ()


def check(host: str, port: int, client_id: int, patience: float) -> Health:
    """Do one whole check; never raises for anything the network does."""
    began = time.monotonic()
    version: int | None = None
    try:
        with socket.create_connection((host, port), patience) as sock:
            sock.sendall(b"API\0" + frame(f"v{OLDEST}..{NEWEST}".encode()))
            version = int(read_fields(sock)[0])
            took = time.monotonic() - began
            accounts = accounts_of(sock, client_id, began + patience)
            # Half-closed probes pile up in the gateway until it stops answering anybody.
            sock.shutdown(socket.SHUT_RDWR)
    except (OSError, ValueError, IndexError) as why:
        took = time.monotonic() - began
        return Health(version, took, (), why=str(why) or type(why).__name__)
    return Health(version, took, accounts, why="" if accounts else "the login is not through yet")


def runs(unit: str) -> bool:
    """Whether systemd says that this unit runs; False without a name."""
    command = ["systemctl", "is-active", "--quiet", unit]
    return bool(unit) and subprocess.run(command, check=False).returncode == 0  # noqa: S603  ours


def metrics(health: Health, now: float, last_success: float, *, is_running: bool, fits: bool) -> str:
    """Give the result in Prometheus' text format."""
    is_open = health.server_version is not None
    rows = [
        ("ibgateway_up", "Whether the API answered with its accounts (1 = yes).", int(health.logged_in)),
        (
            "ibgateway_login_pending",
            "Whether the gateway runs but nobody is logged in (1 = yes): it waits for the phone, or cannot log in.",
            int((is_open or is_running) and not health.logged_in),
        ),
        (
            "ibgateway_wrong_account",
            "Whether an account answered that does not fit the trading mode (1 = yes).",
            int(not fits),
        ),
        ("ibgateway_api_handshake_seconds", "How long the handshake took.", health.handshake_seconds),
        ("ibgateway_server_version", "The API's version, 0 when it did not say.", health.server_version or 0),
        ("ibgateway_last_success_timestamp_seconds", "When it last answered.", last_success),
        ("ibgateway_last_check_timestamp_seconds", "When it was last asked.", now),
    ]
    return "".join(
        f"# HELP {name} {text}\n# TYPE {name} gauge\n{name} {value}\n" for name, text, value in rows
    )


def last_success_in(path: Path) -> float:
    """Read the last success from the file a former check wrote; 0.0 when there is none."""
    if not path.exists():
        return 0.0
    for line in path.read_text().splitlines():
        if line.startswith("ibgateway_last_success_timestamp_seconds "):
            return float(line.split()[1])
    return 0.0


def publish(path: Path, health: Health, *, is_running: bool, fits: bool) -> None:
    """Replace the text file in one step, so that the exporter never reads half of it."""
    now = time.time()
    last = now if health.logged_in else last_success_in(path)
    text = metrics(health, now, last, is_running=is_running, fits=fits)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(text)
    fresh.chmod(0o644)
    fresh.replace(path)


def verdict(health: Health, trading_mode: str) -> tuple[int, str]:
    """The exit code and the sentence for the journal."""
    if not health.fits(trading_mode):
        kind = "live" if trading_mode == "paper" else "paper"
        return 3, f"a {kind} account answers, but the inventory says {trading_mode}"
    if health.logged_in:
        return 0, f"healthy, API version {health.server_version}"
    return 1, f"not healthy: {health.why}"


def main() -> int:
    """Read the arguments, check once, publish and say the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--client-id", type=int, required=True)
    parser.add_argument("--patience-seconds", type=float, default=20.0)
    parser.add_argument("--textfile", type=Path)
    parser.add_argument("--stopped", type=Path, default=Path("/var/lib/appliance/ibgateway-stopped"))
    parser.add_argument("--trading-mode", default="", help="paper or live: whose account must answer")
    parser.add_argument(
        "--unit", default="", help="the gateway's unit, to tell a log-in that waits from no gateway"
    )
    given = parser.parse_args()
    health = check(given.host, given.port, given.client_id, given.patience_seconds)
    # A gateway that was stopped for its account shows none any more: it stays wrong until its owner has looked.
    fits = health.fits(given.trading_mode) and not given.stopped.exists()
    if given.textfile:
        publish(given.textfile, health, is_running=runs(given.unit), fits=fits)
    code, said = verdict(health, given.trading_mode)
    if given.stopped.exists():
        code, said = 3, f"it was stopped: {given.stopped.read_text().strip()}"
    sys.stdout.write(f"{said}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
