"""What one channel has still to be told: in order, no faster than allowed, again after a failure, and never without end.

Rule: pure. Time is an argument, in seconds of any clock that only goes forward; whoever owns a thread asks ``next``.
What is critical waits until it is delivered; the rest is given up after ``keep_s``, and then its like is news again: told
means delivered. While a channel does not take anything, all that waits is gathered into one message.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from bot.ops.alerts.alert import Alert, Severity

_ORDER = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)
MOST_CHARACTERS = 3000
"""Of one message: Telegram takes 4096 (Bot API, "sendMessage"); the channel splits what its service takes less of."""


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """``per_minute`` messages at most; what comes beyond is gathered into the next one. What is critical does not wait for that
    rate, only for ``urgent_per_minute`` (Telegram takes 20 a minute in a group, Bot FAQ; Discord 30). Times in seconds."""

    per_minute: int = 10
    urgent_per_minute: int = 20
    repeat_after_s: float = 600.0
    """The same key within this time is the same event, and is not told again."""
    keep_s: float = 6 * 3600.0
    """How long a channel that takes nothing is tried with what is not critical: longer than a router's or a service's night."""
    retry_first_s: float = 2.0
    retry_most_s: float = 300.0
    most_waiting: int = 200


@dataclass(frozen=True, slots=True)
class _Waiting:
    alert: Alert
    since: float


class Outbox:
    """See the module's head. ``lost`` counts what was dropped because too much waited."""

    def __init__(self, manners: DeliveryPolicy) -> None:
        self._manners = manners
        self._waiting: deque[_Waiting] = deque()
        self._current: list[_Waiting] = []
        self._seen: dict[str, float] = {}
        self._sent_at: deque[float] = deque(maxlen=max(manners.per_minute, manners.urgent_per_minute))
        self._failures = 0
        self._not_before = 0.0
        self.lost = 0

    def put(self, alert: Alert, now: float) -> None:
        """Take an alert, unless it is the same event again. Where too much waits, the oldest news of least weight goes."""
        seen = self._seen.get(alert.key)
        if seen is not None and now - seen < self._manners.repeat_after_s:
            return
        self._seen[alert.key] = now
        if len(self._seen) > 1000:
            self._seen = {
                key: at for key, at in self._seen.items() if now - at < self._manners.repeat_after_s
            }
        self._waiting.append(_Waiting(alert, now))
        if len(self._waiting) > self._manners.most_waiting:
            least = min(self._waiting, key=lambda one: _ORDER.index(one.alert.severity))
            self._waiting.remove(least)
            self._forget([least])
            self.lost += 1

    @property
    def is_empty(self) -> bool:
        return not self._waiting and not self._current

    def next(self, now: float) -> Alert | None:
        """What to send now; it stays current until ``delivered`` or ``failed``."""
        if self.is_empty or self.wait_s(now) > 0:
            return None
        if not self._current or self._failures:
            self._gather(now)
        return _as_one(self._current, now)

    def wait_s(self, now: float) -> float:
        """Until something may be sent; 0 now."""
        rate = self._rate()
        by_rate = self._sent_at[-rate] + 60.0 - now if len(self._sent_at) >= rate else 0.0
        return max(0.0, by_rate, self._not_before - now)

    def _rate(self) -> int:
        waiting = (one.alert.severity for one in (*self._current, *self._waiting))
        is_urgent = Severity.CRITICAL in waiting
        manners = self._manners
        return max(manners.per_minute, manners.urgent_per_minute) if is_urgent else manners.per_minute

    def last(self, now: float) -> Alert | None:
        """All that is left, in one message, whatever the rate: nothing comes after it."""
        self._current += self._waiting
        self._waiting.clear()
        return _as_one(self._current, now) if self._current else None

    def _gather(self, now: float) -> None:
        """One alert, or all that wait: after a failure, and where it is the last message the rate allows for a while."""
        recent = sum(now - at < 60.0 for at in self._sent_at)
        if self._failures or recent >= self._manners.per_minute - 1:
            self._current += self._waiting
            self._waiting.clear()
        else:
            self._current = [self._waiting.popleft()]

    # ── what became of it ──

    def delivered(self, now: float) -> list[float]:
        """It arrived. How long each alert in it had waited, in seconds."""
        waited = [now - one.since for one in self._current]
        self._sent_at.append(now)
        self._reset()
        return waited

    def failed(self, now: float, after_s: float | None = None) -> int:
        """An attempt failed, and the service asked to wait ``after_s``. How many alerts were given up."""
        self._failures += 1
        pause_s = min(
            self._manners.retry_first_s * 2.0 ** min(self._failures - 1, 32), self._manners.retry_most_s
        )
        self._not_before = now + (pause_s if after_s is None else max(after_s, self._manners.retry_first_s))
        old = [one for one in self._current if self._is_given_up(one, now)]
        if old:
            self._sent_at.append(now)
            self._forget(old)
            self._current = [one for one in self._current if one not in old]
            if not self._current:
                self._reset()
        return len(old)

    def _is_given_up(self, one: _Waiting, now: float) -> bool:
        return one.alert.severity is not Severity.CRITICAL and now - one.since >= self._manners.keep_s

    def _forget(self, lost: list[_Waiting]) -> None:
        for one in lost:
            self._seen.pop(one.alert.key, None)

    def _reset(self) -> None:
        self._current, self._failures, self._not_before = [], 0, 0.0


def _as_one(gathered: list[_Waiting], now: float) -> Alert:
    alerts = [one.alert for one in gathered]
    if len(alerts) == 1:
        (only,) = alerts
        return replace(only, title=_cut(only.title, 200), body=_cut(only.body, MOST_CHARACTERS))
    alerts.sort(key=lambda one: -_ORDER.index(one.severity))  # what is cut off at the end weighs least
    lines = ["; ".join(filter(None, (one.title, *one.body.splitlines()))) for one in alerts]
    return Alert(
        f"gathered:{now}",
        alerts[0].severity,
        f"{len(alerts)} events",
        _cut("\n".join(lines), MOST_CHARACTERS),
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
