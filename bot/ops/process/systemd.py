"""systemd's notify protocol (sd_notify(3)): ready, alive, and one line of status. Silent where there is no systemd."""

from __future__ import annotations

import os
import socket
from contextlib import suppress

WAIT_S = 1.0
"""For whoever listens: a full queue of one that does not read held up the main thread for ever."""


class Notifier:
    """Speaks to NOTIFY_SOCKET. ``alive`` belongs after every component answered its ping, and nowhere else."""

    def __init__(self, address: str | None = None) -> None:
        found = os.environ.get("NOTIFY_SOCKET") if address is None else address
        self._address = f"\0{found[1:]}" if found and found.startswith("@") else found
        self._is_ready = False
        self._sent = ""

    def ready(self) -> None:
        """Once: the line is connected and reconciled."""
        if not self._is_ready:
            self._is_ready = True
            self._send("READY=1")

    def alive(self) -> None:
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """What ``systemctl status`` shows; sent when it changed."""
        if text != self._sent:
            self._sent = text
            self._send(f"STATUS={text}")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if self._address:
            # A service manager that does not listen must not end the trading.
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
                link.settimeout(WAIT_S)
                link.sendto(text.encode(), self._address)
