"""The guard's own alert channel: Apprise addresses from a file, each in a thread of its own.

Rule: nothing here can hold the line up or fail it, and no address another; the same kind of thing is told once a minute, with
how often it happened; what is urgent is tried again. Addresses are secrets: they are never logged.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from loguru import logger

from bot.domain.errors import FixTheConfiguration
from bot.guard.core.effects import Tell

Send = Callable[[str, str, bool], bool]
"""(title, text, is it urgent) → whether the channel accepted it."""
_EVERY_S = 60.0
_WAITING_AT_MOST = 200
AGAIN_S = (2.0, 10.0, 60.0, 300.0)
"""After a refusal, for what is urgent."""


class Alerts:
    """``figures`` is for the metrics: how many were accepted and lost, and the longest way to an acceptance, in seconds."""

    def __init__(
        self,
        channels: Sequence[Send],
        monotonic: Callable[[], float] = time.monotonic,
        again_s: Sequence[float] = AGAIN_S,
    ) -> None:
        self._monotonic = monotonic
        self._told: dict[str, float] = {}
        self._skipped: dict[str, int] = {}
        self._workers = [_Worker(send, number, again_s) for number, send in enumerate(channels, start=1)]

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
        for worker in self._workers:
            worker.put(Tell(tell.key, text, tell.is_urgent))

    def figures(self) -> dict[str, float]:
        """Since the start, over all channels."""
        return {
            "alerts_accepted": sum(worker.accepted for worker in self._workers),
            "alerts_lost": sum(worker.lost for worker in self._workers),
            "alert_slowest_s": max((worker.slowest_s for worker in self._workers), default=0.0),
        }

    def stop(self, timeout_s: float = 5.0) -> None:
        """Deliver what waits, then end."""
        for worker in self._workers:
            worker.end()
        deadline = time.monotonic() + timeout_s
        for worker in self._workers:
            worker.join(max(0.0, deadline - time.monotonic()))


class _Worker:
    """One address: what it does not take in time waits for it alone."""

    def __init__(self, send: Send, number: int, again_s: Sequence[float]) -> None:
        self.accepted = self.lost = 0
        self.slowest_s = 0.0
        self._send, self._number, self._again_s = send, number, again_s
        self._queue: queue.Queue[tuple[Tell, float] | None] = queue.Queue(_WAITING_AT_MOST)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"guard-alerts-{number}", daemon=True)
        self._thread.start()

    def put(self, tell: Tell) -> None:
        try:
            self._queue.put_nowait((tell, time.monotonic()))
        except queue.Full:
            self.lost += 1
            logger.error("guard: alert channel {} is behind; not told: {}", self._number, tell.text)

    def end(self) -> None:
        self._ending.set()
        with suppress(queue.Full):
            self._queue.put_nowait(None)

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    def _work(self) -> None:
        while (waiting := self._queue.get()) is not None:
            tell, since_s = waiting
            if self._deliver(tell):
                self.accepted += 1
                self.slowest_s = max(self.slowest_s, time.monotonic() - since_s)
            else:
                self.lost += 1
                logger.error("guard: alert channel {} did not accept: {}", self._number, tell.key)

    def _deliver(self, tell: Tell) -> bool:
        for pause_s in (*(self._again_s if tell.is_urgent else ()), None):
            if self._try(tell):
                return True
            if pause_s is None or self._ending.wait(pause_s):
                break
        return False

    def _try(self, tell: Tell) -> bool:
        try:
            return self._send(f"ibkr-guard: {tell.key}", tell.text, tell.is_urgent)
        except Exception as error:  # noqa: BLE001  a channel's fault must not end the thread
            logger.error("guard: alert channel {} failed: {}", self._number, type(error).__name__)
            return False


def apprise_channels(path: Path | None) -> list[Send]:
    """A channel to each address of a file, one a line. Errors: FixTheConfiguration."""
    if path is None:
        return []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise FixTheConfiguration(f"{path}: the alert addresses cannot be read ({error.strerror})") from None
    urls = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return [_channel(path, number, url) for number, url in enumerate(urls, start=1)]


def _channel(path: Path, number: int, url: str) -> Send:
    import apprise

    service: Any = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False, app_id="ibkr-guard"))
    if not service.add(url):
        raise FixTheConfiguration(f"{path}: address {number} (hidden) is none that Apprise knows")
    kinds = {True: apprise.NotifyType.FAILURE, False: apprise.NotifyType.WARNING}
    return lambda title, text, is_urgent: bool(
        service.notify(title=title, body=text, notify_type=kinds[is_urgent])
    )
