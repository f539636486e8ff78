"""Logs: ``bot.log`` for people, in New York time, and ``bot.jsonl`` for machines, with UTC.

Both are rotated, with every configured secret blotted out.

Quiet at rest: nothing is written per bar or per quote, because an SD card may lie underneath.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import Any
from urllib.parse import quote

from loguru import logger
from loguru._file_sink import FileSink  # type: ignore[import-untyped,unused-ignore]  # what `add` makes of a path

from bot.domain.errors import BotError, FixTheMachine
from bot.domain.session import NEW_YORK

LOG_FILES = ("bot.log", "bot.jsonl")
BLOT = "•••"
_SECRET_PART = 12
"""Shorter parts of an address are words (a host, ``webhooks``), which logs may say."""
_NOISY = ("ib_insync", "ib_async", "pykka", "asyncio", "urllib3", "apprise")


def blot(text: str, secrets: Iterable[str]) -> str:
    """The text without the secrets. Longest first, so that one secret inside another leaves no rest."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, BLOT)
    return text


def every_form(secrets: Iterable[str]) -> tuple[str, ...]:
    """The secrets, and what libraries print of them: their percent-encoded form and the long parts of an address."""
    found: set[str] = set()
    for secret in filter(None, secrets):
        parts = re.split(r"[/?&=:@]", secret) if "/" in secret else []
        whole = {secret, *(part for part in parts if len(part) >= _SECRET_PART)}
        found |= whole | {quote(text, safe="") for text in whole}
    return tuple(found)


class _Blotter:
    """Rewrites a record before any sink sees it; a traceback becomes part of the message, blotted too."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = every_form(secrets)

    def __call__(self, record: Any) -> None:
        text = record["message"]
        error = record["exception"]
        if error is not None:
            text = f"{text}\n{''.join(traceback.format_exception(error.value))}"
            record["exception"] = None
        record["message"] = blot(text, self._secrets)
        # One clock for people, whatever the machine's zone; a machine that reads bot.jsonl finds UTC beside it.
        record["extra"]["utc"] = record["time"].astimezone(UTC).isoformat(timespec="milliseconds")
        record["time"] = record["time"].astimezone(NEW_YORK)


class _Forward(logging.Handler):
    """Third-party loggers speak through loguru. An error of ours says all in one line: its traceback is left out."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        text = f"{record.name}: {record.getMessage()}"
        if isinstance(error, BotError):
            logger.log(record.levelname, "{}: {}", text, error)
        else:
            logger.opt(exception=record.exc_info).log(record.levelname, "{}", text)


class _LogFile:
    """A file that may stop taking what is written, as on a full disk: said once on stderr, and tried again each time."""

    def __init__(self, path: Path, rotation: str, retention: str) -> None:
        self._path = path
        # Whatever somebody wrote, the line is kept.
        options = {
            "rotation": rotation,
            "retention": retention,
            "encoding": "utf8",
            "errors": "backslashreplace",
        }
        make: Any = FileSink  # without types of its own
        self._file = make(str(path), **options)
        self._is_well = True

    def write(self, message: str) -> None:
        try:
            self._file.write(message)
            self._is_well = True
        except OSError as error:
            if self._is_well:
                sys.stderr.write(
                    f"ibkr-bot: log {self._path}: {error.strerror}; free the disk, or remount it\n"
                )
            self._is_well = False

    def stop(self) -> None:
        """Close it; loguru calls this."""
        with suppress(OSError):
            self._file.stop()


def start_logging(
    directory: Path,
    level: str,
    secrets: Iterable[str] = (),
    *,
    retention_days: int,
) -> None:
    """Open both files in ``directory``, until ``stop_logging``. ``level`` is loguru's (``INFO``, ``DEBUG``, …).

    Raises FixTheMachine.
    """
    logger.remove()
    logger.configure(patcher=_Blotter(secrets))
    shared: dict[str, Any] = {
        "level": level,
        "diagnose": False,  # variables' values in tracebacks may be secrets
        "backtrace": False,
    }
    try:
        directory.mkdir(parents=True, exist_ok=True)
        texts, lines = (_LogFile(directory / name, "10 MB", f"{retention_days} days") for name in LOG_FILES)
    except OSError as error:
        raise FixTheMachine(
            f"log directory {directory}: {error.strerror}; make it writable for this user"
        ) from None
    logger.add(texts, format="{time:YYYY-MM-DD HH:mm:ss.SSS zz} {level} {message}", **shared)
    logger.add(lines, serialize=True, format="{message}", **shared)
    logging.basicConfig(handlers=[_Forward()], level=logging.WARNING, force=True)
    for name in _NOISY:
        logging.getLogger(name).setLevel(
            logging.ERROR if name in {"ib_insync", "ib_async"} else logging.WARNING
        )


def stop_logging() -> None:
    """Close what ``start_logging`` opened. What is said from here on, by third parties too, is written nowhere."""
    logger.remove()
