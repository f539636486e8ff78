"""The control socket: how a person reaches the running bot. One JSON object a line each way, over a Unix socket, mode 0600.

Whoever can open the socket is the user who runs the bot, or root; a client refuses a socket that somebody else owns.
A halt is obeyed however it is spelled: cut off, garbled, too long, unsigned. Everything else must be said right.
When the process is wedged and does not answer, a halt can be left as a file, which the bot obeys within a second, or
at its next start.
"""

from __future__ import annotations

import json
import os
import re
import socket
import socketserver
import stat
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from loguru import logger

from bot.domain.errors import BotError, FixTheMachine
from bot.domain.text import made_safe
from bot.ops.process.control_client import HALT_FILE, SOCKET

MAX_REQUEST = 65_536
MAX_HEARD_OUT = 16 * 1024 * 1024
"""What is longer than a request is read up to here, since it may hold a halt and its sender waits for an answer."""
PATIENCE_S = 30.0
MOST_AT_ONCE = 32
"""Connections; the oldest of more is heard no longer, since a person's command is the newest."""
HALT = re.compile(rb"(?:^|do)\W{0,9}halt\b", re.IGNORECASE)
"""A halt within what is no request: ``halt`` alone, or ``"do": "halt"`` of one that was cut off or garbled."""
_UNSIGNED = ("a halt was requested by file", "unknown")
Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""A request's object → the answer's object. BotError becomes ``{"error": …}``."""


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, _Server)  # noqa: S101  the only server that uses it
        self.request.settimeout(PATIENCE_S)
        if line := self._line():
            answer = json.dumps(_answer(server.answer, line)).encode()
            with suppress(OSError):  # nobody waits for it any more
                self.request.sendall(answer + b"\n")

    def _line(self) -> bytes:
        """The first line that is not blank, or what came of it until its sender ended, stood still or was let go."""
        heard = bytearray()
        with suppress(OSError):
            while len(heard) < MAX_HEARD_OUT and (chunk := self.request.recv(MAX_REQUEST)):
                heard += chunk
                if b"\n" in chunk and b"\n" in heard.lstrip():
                    break
        return bytes(heard.lstrip().partition(b"\n")[0].strip())


def _answer(answer: Answer, line: bytes) -> Mapping[str, Any]:
    request = _read(line)
    if request is None:
        return {"error": "a request is one JSON object on one line"}
    try:
        return answer(request)
    except BotError as error:
        return {"error": str(error)}
    except Exception as error:  # noqa: BLE001  whoever asks learns of it; the bot trades on
        logger.error("control socket: {} at {}", type(error).__name__, made_safe(request, 200))
        return {"error": f"the bot failed at this request ({type(error).__name__}); see its log"}


def _read(line: bytes) -> Mapping[str, Any] | None:
    """The request; a halt in one that cannot be read is a halt without words; None for the rest."""
    try:
        request = (
            json.loads(line.decode(json.detect_encoding(line), "replace"))
            if len(line) < MAX_REQUEST
            else None
        )
    except (ValueError, RecursionError):
        request = None
    if isinstance(request, dict):
        return request
    return {"do": "halt"} if HALT.search(line.replace(b"\0", b"").strip()) else None


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, path: Path, answer: Answer) -> None:
        self.answer = answer
        self._open: dict[socket.socket, None] = {}
        before = os.umask(0o177)  # the socket is born 0600, not made so a moment later
        try:
            super().__init__(str(path), _Handler)
        finally:
            os.umask(before)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open[request] = None
        if len(self._open) > MOST_AT_ONCE:
            (oldest, *_) = tuple(self._open)  # at once: other threads take theirs away
            self._open.pop(oldest, None)
            with suppress(OSError):  # it ended meanwhile
                oldest.shutdown(socket.SHUT_RD)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  the base's words
        logger.error("control socket: {} at a connection", type(sys.exception()).__name__)


class ControlServer:
    """Answers on ``directory/control.sock`` until closed. A socket left by a dead process is replaced."""

    def __init__(self, directory: Path, answer: Answer) -> None:
        """Raises FixTheMachine when the socket cannot be made."""
        self.path = directory / SOCKET
        try:
            self.path.unlink(missing_ok=True)
            self._server = _Server(self.path, answer)
        except OSError as error:
            raise FixTheMachine(
                f"control socket {self.path}: {error}; shorten the path, or repair the directory's permissions"
            ) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.2,), name="control", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.path.unlink(missing_ok=True)


def take_halt(directory: Path) -> tuple[str, str] | None:
    """(reason, by) of a halt that was left. The file stays until ``forget_halt``: first the journal, then the file."""
    path = directory / HALT_FILE
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return _UNSIGNED  # a pipe would be waited for
        with path.open("rb") as file:
            left = json.loads(file.read(MAX_REQUEST).decode("utf-8", "replace"))
        signed = made_safe(left["reason"]), made_safe(left["by"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return _UNSIGNED  # half a file still means halt
    return signed if all(signed) else _UNSIGNED


def forget_halt(directory: Path) -> bool:
    """Take the file away; False where that cannot be done, so that the same halt is not obeyed again and again."""
    path = directory / HALT_FILE
    try:
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        logger.error("the halt request {} was obeyed and cannot be removed ({})", path, error.strerror)
        return False
    return True
