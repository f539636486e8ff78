"""The page over HTTP, beside the metrics: to be looked at, and nothing else.

Rules: only GET and HEAD are answered, and no path changes anything. A request must name this machine as its host: a site
that has its own name point at 127.0.0.1 (DNS rebinding) is refused, so no foreign page can read what is held. Nothing may
embed the page or be loaded into it from elsewhere.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from loguru import logger

from bot.domain.errors import FixTheMachine
from bot.ops.page.document import Document, page_as_json
from bot.ops.page.render import SCRIPTS, STYLE, asset, page

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

Close = Callable[[], None]
Header: TypeAlias = tuple[str, str]
IDLE_S = 10
"""A client that opened a connection and says nothing is let go: each holds a thread."""
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: list[Header] = [
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
]
_TEXT = "text/plain; charset=utf-8"


class Site:
    """A WSGI application: the page, its files, its document, and ``/metrics`` by whoever makes them."""

    def __init__(self, document: Callable[[], Document], metrics: WSGIApplication, host: str) -> None:
        """``host`` is the address that is listened on: requests may name it, or this machine's own names."""
        self._document = document
        self._metrics = metrics
        self._host = host
        self._files = {f"/{name}": (asset(name), "text/javascript") for name in SCRIPTS}
        self._files |= {f"/{STYLE}": (asset(STYLE), "text/css"), "/": (page(), "text/html")}

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _say(
                start, HTTPStatus.METHOD_NOT_ALLOWED, "this page only shows\n", [("Allow", "GET, HEAD")]
            )
        if not self._is_named(environ.get("HTTP_HOST", "")):
            return _say(start, HTTPStatus.MISDIRECTED_REQUEST, "this page is of this machine alone\n")
        if path == "/metrics":
            return self._metrics(environ, start)
        if path == "/document.json":
            return self._tell(environ, start)
        found = self._files.get(path)
        if found is None:
            return _say(start, HTTPStatus.NOT_FOUND, "the page is at /, the metrics are at /metrics\n")
        text, kind = found
        return _say(start, HTTPStatus.OK, text, kind=f"{kind}; charset=utf-8")

    def _tell(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        body = page_as_json(self._document())
        tag = f'"{sha256(body).hexdigest()[:20]}"'
        if environ.get("HTTP_IF_NONE_MATCH") == tag:
            start("304 Not Modified", [("ETag", tag), *HEADERS])
            return []
        return _say(start, HTTPStatus.OK, body, [("ETag", tag)], kind="application/json")

    def _is_named(self, header: str) -> bool:
        """Whether the Host header names this machine: by loopback name, by any address, or as it is configured.

        An address can be no victim of rebinding, since a foreign page's host is a name; and Prometheus on another host scrapes
        by address.
        """
        try:
            name = urlsplit(f"//{header}").hostname
        except ValueError:
            return False
        if name is None:
            return False
        return name in ("localhost", self._host.lower()) or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _say(
    start: StartResponse,
    status: HTTPStatus,
    body: str | bytes,
    extra: Iterable[Header] = (),
    kind: str = _TEXT,
) -> list[bytes]:
    data = body.encode() if isinstance(body, str) else body
    start(
        f"{status.value} {status.phrase}",
        [("Content-Type", kind), ("Content-Length", str(len(data))), *extra, *HEADERS],
    )
    return [data]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = IDLE_S

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
        """Who looks at the page is nobody's business."""


def serve_page(site: WSGIApplication, host: str, port: int) -> tuple[int, Close]:
    """Answer from daemon threads until the returned function is called; the port, which 0 lets the system choose.

    Raises FixTheMachine where the port cannot be had.
    """
    kind = _Server6 if ":" in host else _Server
    try:
        server = make_server(host, port, site, kind, _Handler)
    except OSError as error:
        raise FixTheMachine(
            f"metrics: cannot listen on {host}:{port} ({error.strerror}); free it or set monitoring.metrics_port"
        ) from error
    thread = threading.Thread(target=server.serve_forever, name="page", daemon=True)
    thread.start()

    def close() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return server.server_port, close


@contextmanager
def served(site: WSGIApplication, host: str, port: int, *, is_needed: bool) -> Iterator[None]:
    """Answer for as long as the block lasts; where the port is taken, go without if that will do. Raises FixTheMachine."""
    close: Close | None = None
    try:
        _, close = serve_page(site, host, port)
    except FixTheMachine as error:
        if is_needed:
            raise
        logger.warning("{}; this simulated day is neither measured nor shown", error)
    try:
        yield
    finally:
        if close is not None:
            close()
