"""One HTTP server that plays Discord, Slack, Telegram, a webhook and the dead man's switch, and keeps what it is sent."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Letter:
    path: str
    body: dict[str, Any]

    @property
    def channel(self) -> str:
        return self.path.split("/")[1]

    @property
    def text(self) -> str:
        """Everything a person would read."""
        return json.dumps(self.body, ensure_ascii=False)


class Receivers:
    """A context manager; ``wait_for`` returns the letters once a condition holds on all of them so far."""

    def __init__(self) -> None:
        self._letters: queue.SimpleQueue[Letter] = queue.SimpleQueue()
        self.letters: list[Letter] = []
        post = self._letters

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                post.put(Letter(self.path, json.loads(body)))
                answer = b'{"ok": true, "result": {"message_id": 1, "date": 0, "chat": {"id": -100, "type": "group"}}}'
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait_for(self, condition: Callable[[list[Letter]], bool], timeout_s: float = 60) -> list[Letter]:
        """Raises queue.Empty when nothing more comes for that long."""
        while not condition(self.letters):
            self.letters.append(self._letters.get(timeout=timeout_s))
        return self.letters
