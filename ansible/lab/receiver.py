#!/usr/bin/python3
"""A chat service's and a dead man's switch's stand-in: receiver.py PORT FILE appends one JSON line per request."""

import http.server
import json
import sys
from pathlib import Path


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes whatever is posted and remembers it."""

    def do_POST(self) -> None:
        """Remember one request and be content."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        with Path(sys.argv[2]).open("a") as log:
            log.write(json.dumps({"path": self.path, "body": body}) + "\n")
        self.send_response(204)
        self.end_headers()

    def do_GET(self) -> None:
        """A ping may be a GET."""
        self.do_POST()

    def log_message(self, *_: object) -> None:
        """Say nothing: the file is the record."""


if __name__ == "__main__":
    # Reached from the other hosts of the lab.
    http.server.ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Receiver).serve_forever()  # noqa: S104  see above
