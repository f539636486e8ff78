"""A sign of life to a watcher outside (Healthchecks, or anything that answers GET): its absence raises the alarm.

Rule: it is asked for by the trading loop itself and sent only while the bot is healthy, by a thread of its own, so that
neither a slow watcher holds up the loop nor a wedged loop keeps on pinging.
"""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Callable
from http.client import HTTPException

from loguru import logger

from bot.domain.errors import FixTheConfiguration
from bot.domain.session import CalendarRangeError, is_open
from bot.ops.status.status import Status

TIMEOUT_S = 10.0


def health_problem(status: Status) -> str:
    """Why the bot is not healthy, in words; empty when it is. A halted bot is healthy: it does what it was told."""
    if not status.is_connected:
        return "not connected to the gateway"
    if "ib" in status.links_down:
        return "the gateway has lost IB"
    if not status.is_reconciled:
        return "not reconciled with the broker"
    for bracket in status.open_brackets:
        if bracket.quantity and not bracket.is_proved:
            return f"{bracket.label} is not protected"
    return _stale(status)


def _stale(status: Status) -> str:
    try:
        if status.at is None or not is_open(status.at):
            return ""
    except CalendarRangeError:
        return "the trading calendar does not cover this day"
    for view in status.symbols:
        for feed, is_fresh in view.feeds.items():
            if not is_fresh:
                return f"{view.symbol}: {feed} are stale"
    return ""


class Heartbeat:
    """``beat`` once a cycle of the trading loop; pings at most every ``interval_s`` seconds. ``note`` hears of each."""

    def __init__(self, url: str, interval_s: float, note: Callable[[bool], None] = lambda _: None) -> None:
        """Raises FixTheConfiguration for an address that is none."""
        if not url.startswith(("http://", "https://")):
            raise FixTheConfiguration(
                "monitoring.heartbeat_url: (hidden) is no web address; it begins with https://"
            )
        self._url = url
        self._interval_s = interval_s
        self._note = note
        self._due_at = 0.0
        self._was_well = True
        self._wanted = threading.Event()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="heartbeat", daemon=True)
        self._thread.start()

    def beat(self, status: Status) -> None:
        """Never blocks. A ping that is still on its way is not overtaken."""
        now = time.monotonic()
        if now >= self._due_at and not self._wanted.is_set() and not health_problem(status):
            self._due_at = now + self._interval_s
            self._wanted.set()

    @property
    def is_pinging(self) -> bool:
        """Whether a ping is on its way."""
        return self._wanted.is_set()

    def close(self, timeout_s: float = 1.0) -> None:
        self._is_over.set()
        self._wanted.set()
        self._thread.join(timeout_s)

    def _work(self) -> None:
        while not self._is_over.is_set():
            self._wanted.wait()
            if self._is_over.is_set():
                return
            is_well = self._is_answered()
            self._note(is_well)
            if is_well is not self._was_well:
                self._was_well = is_well
                logger.warning(
                    "heartbeat: {}", "answered again" if is_well else "the watcher does not answer"
                )
            self._wanted.clear()

    def _is_answered(self) -> bool:
        try:
            return send_ping(self._url)
        except Exception as error:  # noqa: BLE001  whatever was answered: a failed ping, never the end of pinging
            logger.warning("heartbeat: {}", type(error).__name__)
            return False


def send_ping(url: str, timeout_s: float = TIMEOUT_S) -> bool:
    """One GET; whether it was answered with success."""
    request = urllib.request.Request(url, headers={"User-Agent": "ibkr-options-bot"})  # noqa: S310  the scheme was checked
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310  likewise
            return 200 <= int(answer.status) < 300
    except (OSError, ValueError, HTTPException):
        return False
