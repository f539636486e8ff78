"""The way out for alerts, off the trading path: one thread a channel, so that a silent one delays nobody.

Rule: ``put`` never blocks and never raises into the line. What could not be delivered is counted and logged without
its address.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from loguru import logger

from bot.ops.alerts.alert import Alert
from bot.ops.alerts.outbox import DeliveryPolicy, Outbox
from bot.ops.process.logs import blot, every_form

Deliver = Callable[[Alert], bool]
"""Sends one alert and tells whether it arrived. May take long, may raise; RetryLater where the service says how long."""
Channel = tuple[str, Deliver]
"""(its kind, never its address; how to send)"""
Note = Callable[[str, bool], None]
"""(channel's kind, whether it arrived)"""


class RetryLater(Exception):
    """The service asks not to be sent anything for ``after_s`` seconds."""

    def __init__(self, after_s: float) -> None:
        super().__init__(f"asked to wait {after_s:g} s")
        self.after_s = after_s


Time = Callable[[float], None]
"""(seconds from an event's alert to a channel's acceptance)"""


def _unnoted(channel: str, is_delivered: bool) -> None:
    """For queues nobody counts."""


def _untimed(seconds: float) -> None:
    """For queues nobody times."""


class AlertQueue:
    """``channels`` is (kind, deliver) for each; kinds may repeat. Everything that leaves has the secrets blotted out.

    ``prefix`` begins every title, so that a paper account's news is not taken for real money's.
    """

    def __init__(
        self,
        channels: Iterable[Channel],
        *,
        manners: DeliveryPolicy | None = None,
        prefix: str = "",
        secrets: Iterable[str] = (),
        note: Note = _unnoted,
        time_of: Time = _untimed,
    ) -> None:
        self._prefix = prefix
        self._secrets = every_form(secrets)
        self._workers = [
            _Worker(kind, deliver, manners or DeliveryPolicy(), note, time_of) for kind, deliver in channels
        ]

    def put(self, alert: Alert) -> None:
        title, body = blot(f"{self._prefix}{alert.title}", self._secrets), blot(alert.body, self._secrets)
        clean = replace(alert, title=title, body=body)
        for worker in self._workers:
            worker.put(clean)

    @property
    def failures(self) -> Mapping[str, int]:
        """Kind of channel → alerts given up or dropped."""
        counted: dict[str, int] = {}
        for worker in self._workers:
            counted[worker.kind] = counted.get(worker.kind, 0) + worker.failures
        return counted

    def close(self, timeout_s: float) -> None:
        """Deliver what waits, as far as that goes in this time, without waiting for retries."""
        deadline = time.monotonic() + timeout_s
        for worker in self._workers:
            worker.ask_to_end()
        for worker in self._workers:
            worker.join(max(0.0, deadline - time.monotonic()))


class _Worker:
    def __init__(
        self, kind: str, deliver: Deliver, manners: DeliveryPolicy, note: Note, time_of: Time
    ) -> None:
        self.kind = kind
        self._deliver = deliver
        self._note, self._time_of = note, time_of
        self._outbox = Outbox(manners)
        self._changed = threading.Condition()
        self._is_ending = False
        self._has_closed = False
        self._given_up = 0
        self._is_well = True
        self._thread = threading.Thread(target=self._work, name=f"alerts-{kind}", daemon=True)
        self._thread.start()

    @property
    def failures(self) -> int:
        return self._given_up + self._outbox.lost

    def put(self, alert: Alert) -> None:
        with self._changed:
            self._outbox.put(alert, time.monotonic())
            self._changed.notify()

    def ask_to_end(self) -> None:
        with self._changed:
            self._is_ending = True
            self._changed.notify()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    def _work(self) -> None:
        while (alert := self._take()) is not None:
            after_s = None
            try:
                is_delivered = self._try(alert)
            except RetryLater as asked:
                is_delivered, after_s = False, asked.after_s
                logger.warning("alert channel {}: {}", self.kind, asked)
            with self._changed:
                self._account(after_s, is_delivered=is_delivered)

    def _take(self) -> Alert | None:
        """The next alert when its time has come; None when the end has."""
        with self._changed:
            while True:
                now = time.monotonic()
                alert = self._outbox.next(now)
                if alert is not None:
                    return alert
                if self._is_ending:
                    return self._last_words(now)
                self._changed.wait(None if self._outbox.is_empty else max(self._outbox.wait_s(now), 0.01))

    def _last_words(self, now: float) -> Alert | None:
        """Once: what is left goes out together, however it ends."""
        if self._has_closed:
            return None
        self._has_closed = True
        return self._outbox.last(now)

    def _try(self, alert: Alert) -> bool:
        try:
            return self._deliver(alert)
        except RetryLater:
            raise
        except Exception as error:  # noqa: BLE001  whatever a channel's library does, the bot trades on
            logger.warning("alert channel {}: {}", self.kind, type(error).__name__)
            return False

    def _account(self, after_s: float | None, *, is_delivered: bool) -> None:
        now = time.monotonic()
        if is_delivered:
            for waited_s in self._outbox.delivered(now):
                self._time_of(waited_s)
            self._is_well = True
            self._note(self.kind, True)
            return
        if self._is_well:
            self._is_well = False
            logger.error(
                "alert channel {}: nothing gets through; what is critical is tried until it does", self.kind
            )
        given_up = self._outbox.failed(now, after_s)
        self._given_up += given_up
        for _ in range(given_up):
            self._note(self.kind, False)
        if given_up:
            logger.error("alert channel {}: {} alerts were given up", self.kind, given_up)
