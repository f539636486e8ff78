"""What one channel has still to be told: in order, no faster than allowed, again after a failure, and never without end.

Rule: pure. Time is an argument, in seconds of any clock that only goes forward; whoever owns a thread asks ``next``.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from bot.ops.alerts.events import Alert, Severity

_ORDER = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """``per_minute`` messages at most; what comes beyond is gathered into the next one. Times in seconds."""

    per_minute: int = 10
    repeat_after_s: float = 600.0
    """The same key within this time is the same event, and is not told again."""
    attempts: int = 6
    retry_first_s: float = 2.0
    retry_most_s: float = 60.0
    most_waiting: int = 200


class Outbox:
    """See the module's head. ``lost`` counts what was dropped because too much waited."""

    def __init__(self, manners: DeliveryPolicy) -> None:
        self._manners = manners
        self._waiting: deque[Alert] = deque()
        self._seen: dict[str, float] = {}
        self._sent_at: deque[float] = deque(maxlen=manners.per_minute)
        self._current: Alert | None = None
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
        self._waiting.append(alert)
        if len(self._waiting) > self._manners.most_waiting:
            least = min(self._waiting, key=lambda one: _ORDER.index(one.severity))
            self._waiting.remove(least)
            self.lost += 1

    @property
    def is_empty(self) -> bool:
        return not self._waiting and self._current is None

    def next(self, now: float) -> Alert | None:
        """What to send now; it stays current until ``delivered``, ``failed`` or ``give_up``."""
        if self.is_empty or self.wait_s(now) > 0:
            return None
        if self._current is None:
            self._current = self._gather(now)
        return self._current

    def wait_s(self, now: float) -> float:
        """Until something may be sent; 0 now."""
        is_full = len(self._sent_at) == self._manners.per_minute
        by_rate = self._sent_at[0] + 60.0 - now if is_full else 0.0
        return max(0.0, by_rate, self._not_before - now)

    def last(self, now: float) -> Alert | None:
        """All that is left, in one message, whatever the rate: nothing comes after it."""
        if self._current is not None:
            self._waiting.appendleft(self._current)
        self._current = self._all(now) if self._waiting else None
        return self._current

    def _gather(self, now: float) -> Alert:
        """One alert, or all that wait where it is the last message the rate allows for a while."""
        recent = sum(now - at < 60.0 for at in self._sent_at)
        return self._all(now) if recent >= self._manners.per_minute - 1 else self._waiting.popleft()

    def _all(self, now: float) -> Alert:
        if len(self._waiting) == 1:
            return self._waiting.popleft()
        gathered = list(self._waiting)
        self._waiting.clear()
        worst = max((one.severity for one in gathered), key=_ORDER.index)
        lines = ["; ".join(filter(None, (one.title, *one.body.splitlines()))) for one in gathered]
        return Alert(f"gathered:{now}", worst, f"{len(gathered)} events", "\n".join(lines))

    # ── what became of it ──

    def delivered(self, now: float) -> None:
        self._sent_at.append(now)
        self._reset()

    def failed(self, now: float) -> bool:
        """An attempt failed. True when it was the last one: the alert is given up."""
        self._failures += 1
        if self._failures >= self._manners.attempts:
            self._sent_at.append(now)
            self._reset()
            return True
        pause_s = min(self._manners.retry_first_s * 2 ** (self._failures - 1), self._manners.retry_most_s)
        self._not_before = now + pause_s
        return False

    def _reset(self) -> None:
        self._current, self._failures, self._not_before = None, 0, 0.0
