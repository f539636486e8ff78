"""How a person's command reaches the running bot; see ``control_socket``, its other end. Small, since each command waits for it.

Rule: a client refuses a socket that somebody else owns.
"""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.domain.errors import FixTheMachine
from bot.domain.text import made_safe

SOCKET = "control.sock"
HALT_FILE = "halt.request"


def ask(directory: Path, request: Mapping[str, Any], timeout_s: float = 15.0) -> dict[str, Any]:
    """Send one request to the bot that runs in ``directory``. FixTheMachine says why it could not be reached."""
    path = directory / SOCKET
    _check_owner(path)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(timeout_s)
            link.connect(str(path))
            link.sendall(json.dumps(request).encode() + b"\n")
            line = link.makefile("rb").readline()
    except TimeoutError:
        raise FixTheMachine(f"the bot at {path} does not answer; see its log, or restart it") from None
    except OSError as error:
        raise FixTheMachine(
            f"the bot at {path} cannot be reached ({error.strerror}); is it running?"
        ) from None
    try:
        answer: dict[str, Any] = json.loads(line)
    except ValueError:
        raise FixTheMachine(f"the bot at {path} closed the connection without an answer") from None
    if "error" in answer:
        raise FixTheMachine(answer["error"])
    return answer


def _check_owner(path: Path) -> None:
    try:
        info = path.lstat()
    except FileNotFoundError:
        raise FixTheMachine(
            f"no bot is running with the state directory {path.parent} (no {path.name})"
        ) from None
    except OSError as error:
        raise FixTheMachine(f"control socket {path}: {error.strerror}; run this as the bot's user") from None
    if not stat.S_ISSOCK(info.st_mode):
        raise FixTheMachine(f"{path} is not a socket; remove it")
    if info.st_uid not in {os.getuid(), 0} and os.getuid() != 0:
        raise FixTheMachine(f"{path} belongs to another user; run this as the bot's user")
    if os.getuid() == 0 and info.st_uid != path.parent.stat().st_uid:
        raise FixTheMachine(
            f"{path} does not belong to the owner of {path.parent}; remove it and restart the bot"
        )


def leave_halt(directory: Path, reason: str, by: str) -> Path:
    """The last resort: a file that halts the bot when it looks again. On disk before this returns."""
    path = directory / HALT_FILE
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps({"reason": made_safe(reason), "by": made_safe(by)}))
        file.flush()
        os.fsync(file.fileno())
    return path
