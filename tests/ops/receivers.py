"""Real HTTP servers in a chat service's place: they note what comes and answer as they are told, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TIMEOUT_S = 60.0


@dataclass
class Receiver:
    """``answers`` are the status codes to give, the last one for ever; 0 is silence."""

    answers: list[int]
    port: int = 0
    requests: list[tuple[str, str]] = field(default_factory=list)
    """(path, body) of everything received."""
    changed: threading.Condition = field(default_factory=threading.Condition)
    is_over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.port}/hook"

    def wait(self, count: int, timeout_s: float = TIMEOUT_S) -> list[tuple[str, str]]:
        """The requests, as soon as there are so many. Fails the test when they do not come."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.requests) >= count, timeout_s), self.requests
            return list(self.requests)

    def note(self, path: str, body: str) -> int:
        with self.changed:
            self.requests.append((path, body))
            self.changed.notify_all()
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def receiving(*answers: int, body: bytes = b"") -> Iterator[Receiver]:
    """``body`` goes with every answer."""
    receiver = Receiver(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            status = receiver.note(self.path, sent)
            if not status:
                receiver.is_over.wait(TIMEOUT_S)
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815  the library's names

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.is_over.set()
        server.shutdown()
        server.server_close()
        thread.join(TIMEOUT_S)
