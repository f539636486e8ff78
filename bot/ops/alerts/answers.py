"""What a chat service answered, read from Apprise's log: its own functions tell no more than yes or no.

Rule: only of the call that asks, whichever thread Apprise does it on; nothing of it is kept or logged, because an answer may
repeat an address.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

_STATUS = re.compile(r"error=(\d{3})")
_RETRY_AFTER = re.compile(r"retry.after\W{1,4}(\d{1,6}(?:\.\d{1,6})?)", re.IGNORECASE)
LONGEST_WAIT_S = 3600.0
"""However long a service asks for: within the hour it is tried again."""


@dataclass
class ServiceAnswer:
    """``status`` is HTTP's; ``retry_after_s`` what the service asks to wait (Telegram, Discord and Slack with 429)."""

    status: int | None = None
    retry_after_s: float | None = None


_ASKING: ContextVar[ServiceAnswer | None] = ContextVar("asking", default=None)


class _Listener(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        answer = _ASKING.get()
        if answer is not None:
            text = record.getMessage()
            if found := _STATUS.search(text):
                answer.status = int(found[1])
            if found := _RETRY_AFTER.search(text):
                answer.retry_after_s = min(float(found[1]), LONGEST_WAIT_S)
        if record.levelno >= logging.WARNING:
            logging.getLogger().handle(record)


_LISTENER = _Listener()


@contextmanager
def answers() -> Iterator[ServiceAnswer]:
    """Notes what services answer to what is sent in the block."""
    log = logging.getLogger("apprise")
    if _LISTENER not in log.handlers:
        log.addHandler(_LISTENER)
        log.propagate = False
    log.setLevel(logging.DEBUG)
    answer = ServiceAnswer()
    token = _ASKING.set(answer)
    try:
        yield answer
    finally:
        _ASKING.reset(token)
