"""Tiny servers that are no gateway, or half a one: what a doctor meets at the wrong door."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from bot.wire import ClientHello, Connection, Role

Behave = Callable[[socket.socket], None]


@contextlib.contextmanager
def door(behave: Behave) -> Iterator[int]:
    """A server on the loopback that treats every caller so; its port."""
    server = socket.create_server(("127.0.0.1", 0))
    is_over = threading.Event()

    def serve() -> None:
        while not is_over.is_set():
            with contextlib.suppress(OSError):
                link, _ = server.accept()
                with link, contextlib.suppress(OSError):
                    link.settimeout(5)
                    behave(link)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        is_over.set()
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(10)


def wait_for_the_end(link: socket.socket) -> None:
    while link.recv(4096):
        pass


def closes(link: socket.socket) -> None:
    link.recv(4)


def is_silent(link: socket.socket) -> None:
    wait_for_the_end(link)


def is_a_web_server(link: socket.socket) -> None:
    link.recv(4096)
    link.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def talks_rubbish(link: socket.socket) -> None:
    link.recv(4096)
    link.sendall(b"\x00\x00\x00\x05hello")


def names_no_account(link: socket.socket) -> None:
    """A gateway whose log-in waits for somebody."""
    _greet(link)
    wait_for_the_end(link)


def hangs_up_after_the_greeting(link: socket.socket) -> None:
    _greet(link)


def _greet(link: socket.socket) -> None:
    wire = Connection(Role.SERVER)
    while True:
        wire.receive_data(link.recv(4096))
        if isinstance(wire.next_event(), ClientHello):
            link.sendall(wire.accept("20260105 10:00:00 EST"))
            return


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate and its key."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=gateway",
         "-keyout", str(key), "-out", str(cert)],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return cert, key


def speaks_tls(cert: Path, key: Path, *, wants_certificate: bool) -> Behave:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    if wants_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cert)

    def behave(link: socket.socket) -> None:
        with contextlib.suppress(ssl.SSLError), context.wrap_socket(link, server_side=True) as inside:
            inside.recv(4096)

    return behave
