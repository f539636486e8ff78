#!/usr/bin/python3
"""Grafana's stand-in in the lab: the health page, and what provisioning would have read.

Rule: it shows only that the role put the package, its settings and its files in place. Whether Grafana itself likes
a dashboard is checked elsewhere, against the real data source.
"""

import http.server
import json
import os
from pathlib import Path


class Page(http.server.BaseHTTPRequestHandler):
    """Answers /api/health and /api/search, which is the list of dashboards on disk."""

    def do_GET(self) -> None:
        """Answer with JSON."""
        if self.path.startswith("/api/health"):
            body: object = {"database": "ok", "version": "13.2.3"}
        elif self.path.startswith("/api/search"):
            found = sorted(Path("/etc/grafana/dashboards").glob("*.json"))
            body = [{"title": json.loads(path.read_text())["title"]} for path in found]
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing: the journal is not what is tested."""


if __name__ == "__main__":
    where = (
        os.environ.get("GF_SERVER_HTTP_ADDR", "127.0.0.1"),
        int(os.environ.get("GF_SERVER_HTTP_PORT", "3000")),
    )
    password = Path(os.environ["GF_SECURITY_ADMIN_PASSWORD__FILE"])
    password.read_text()  # readable for the service's user, or it does not start
    http.server.ThreadingHTTPServer(where, Page).serve_forever()
