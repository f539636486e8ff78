#!/usr/bin/python3
"""A chat service's and a dead man's switch's stand-in: receiver.py PORT FILE appends one JSON line per request.

Rule: like a dead man's switch it rings when the pings of a /watchdog stop: a line {"silent": "/watchdog"} after SILENT_S.
"""

import http.server
import json
import sys
import threading
import time
from pathlib import Path

# The watchdog is repeated about once a minute.
SILENT_S = 150.0
PINGED: dict[str, float] = {}


def note(line: dict[str, str]) -> None:
    """Append one line to the record."""
    with Path(sys.argv[2]).open("a") as log:
        log.write(json.dumps(line) + "\n")


def ring_when_silent() -> None:
    """Once for each silence."""
    while True:
        time.sleep(5)
        for path, last in list(PINGED.items()):
            if time.monotonic() - last > SILENT_S:
                del PINGED[path]
                note({"silent": path})


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes whatever is posted and remembers it."""

    def do_POST(self) -> None:
        """Remember one request and be content."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        note({"path": self.path, "body": body})
        if self.path.startswith("/watchdog"):
            PINGED[self.path] = time.monotonic()
        self.send_response(204)
        self.end_headers()

    def do_GET(self) -> None:
        """A ping may be a GET."""
        self.do_POST()

    def log_message(self, *_: object) -> None:
        """Say nothing: the file is the record."""


if __name__ == "__main__":
    threading.Thread(target=ring_when_silent, daemon=True).start()
    # Reached from the other hosts of the lab.
    http.server.ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Receiver).serve_forever()  # noqa: S104  see above
