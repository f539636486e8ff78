"""The guard's own alert channel: Apprise addresses from a file, in a thread of its own.

Rule: nothing here can hold the line up or fail it; the same kind of thing is told once a minute, with how often it
happened. Addresses are secrets: they are never logged.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from loguru import logger

from bot.domain.errors import FixTheConfiguration
from bot.guard.core.effects import Tell

_EVERY_S = 60.0
_WAITING_AT_MOST = 200


class Alerts:
    """``send`` takes (title, text, is_urgent) and says whether the channel accepted it."""

    def __init__(
        self, send: Callable[[str, str, bool], bool], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._send, self._monotonic = send, monotonic
        self._queue: queue.Queue[Tell | None] = queue.Queue(_WAITING_AT_MOST)
        self._told: dict[str, float] = {}
        self._skipped: dict[str, int] = {}
        self._thread = threading.Thread(target=self._work, name="guard-alerts", daemon=True)
        self._thread.start()

    def tell(self, tell: Tell) -> None:
        """Log it, and hand it over unless the same was told within the minute."""
        logger.log("ERROR" if tell.is_urgent else "WARNING", "guard: {}: {}", tell.key, tell.text)
        now = self._monotonic()
        if not tell.is_urgent and now - self._told.get(tell.key, -_EVERY_S) < _EVERY_S:
            self._skipped[tell.key] = self._skipped.get(tell.key, 0) + 1
            return
        self._told[tell.key] = now
        more = self._skipped.pop(tell.key, 0)
        text = f"{tell.text} (and {more} more like it)" if more else tell.text
        try:
            self._queue.put_nowait(Tell(tell.key, text, tell.is_urgent))
        except queue.Full:
            logger.error("guard: the alert channel is behind; not told: {}", text)

    def stop(self, timeout_s: float = 5.0) -> None:
        """Deliver what waits, then end."""
        self._queue.put(None)
        self._thread.join(timeout_s)

    def _work(self) -> None:
        while (tell := self._queue.get()) is not None:
            try:
                is_accepted = self._send(f"ibkr-guard: {tell.key}", tell.text, tell.is_urgent)
            except Exception as error:  # noqa: BLE001  a channel's fault must not end the thread
                logger.error("guard: the alert channel failed: {}", type(error).__name__)
                continue
            if not is_accepted:
                logger.error("guard: the alert channel did not accept: {}", tell.key)


def apprise_channel(path: Path | None) -> Callable[[str, str, bool], bool]:
    """A channel to the addresses of a file, one a line. Errors: FixTheConfiguration."""
    if path is None:
        return lambda *_: True
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise FixTheConfiguration(f"{path}: the alert addresses cannot be read ({error.strerror})") from None
    return _channel(path, [line.strip() for line in lines if line.strip() and not line.startswith("#")])


def _channel(path: Path, urls: Iterable[str]) -> Callable[[str, str, bool], bool]:
    import apprise

    service: Any = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False, app_id="ibkr-guard"))
    for number, url in enumerate(urls, start=1):
        if not service.add(url):
            raise FixTheConfiguration(f"{path}: address {number} (hidden) is none that Apprise knows")
    if not len(service):
        return lambda *_: True
    kinds = {True: apprise.NotifyType.FAILURE, False: apprise.NotifyType.WARNING}
    return lambda title, text, is_urgent: bool(
        service.notify(title=title, body=text, notify_type=kinds[is_urgent])
    )
