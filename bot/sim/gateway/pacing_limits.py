"""The rates at which IB allows requests. Pure: every question brings the time along.

Rule: a limit is asked once per request, counts it if it is allowed, and says what was exceeded.
Sources: IB, "Order limitations" (50 messages a second), "Historical data limitations" (60 in ten minutes, identical
within 15 s, six of the same contract, exchange and type within 2 s, BID_ASK counts twice; hard for bars of 30 s or
less, lifted for larger ones).
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from enum import Enum

# ib_insync #443.
_WARN_SHARE = 0.88
"""IB's warning was seen at 44 of 50."""

HistoryKey = tuple[object, ...]


class Rate(Enum):
    FINE = "fine"
    NEAR = "near"
    OVER = "over"


class MessageRate:
    """Messages of one client within any one second."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._times: deque[datetime] = deque()
        self._warned_until: datetime | None = None

    @property
    def count(self) -> int:
        return len(self._times)

    def count_one(self, now: datetime, earliest: datetime | None = None) -> Rate:
        """Count a message that is read now and came after ``earliest``. NEAR is said once a second.

        IB counts what arrives. A reader that was busy finds several at once and cannot know when each came: they count
        from the earliest instant that is possible, so that only a rate that was certainly exceeded is.
        """
        if self._limit is None:
            return Rate.FINE
        self._times.append(now if earliest is None else min(earliest, now))
        while self._times and self._times[0] <= now - timedelta(seconds=1):
            self._times.popleft()
        if len(self._times) > self._limit:
            return Rate.OVER
        if len(self._times) < self._limit * _WARN_SHARE:
            return Rate.FINE
        if self._warned_until is not None and now < self._warned_until:
            return Rate.FINE
        self._warned_until = now + timedelta(seconds=1)
        return Rate.NEAR


class HistoryPace:
    """Historical requests of one client."""

    def __init__(self) -> None:
        self._all: deque[tuple[datetime, int]] = deque()
        self._identical: dict[HistoryKey, datetime] = {}
        self._same: dict[HistoryKey, deque[datetime]] = {}

    def ask(self, now: datetime, request: HistoryKey, contract: HistoryKey, *, weight: int = 1) -> str | None:
        """None when the request may run (and is counted), else which limit it breaks.

        ``request`` is the whole request, ``contract`` its contract, exchange and type; ``weight`` is 2 for BID_ASK.
        """
        self._forget(now)
        broken = self._broken(request, contract, weight)
        if broken is None:
            self._all.append((now, weight))
            self._identical[request] = now
            self._same.setdefault(contract, deque()).append(now)
        return broken

    def _broken(self, request: HistoryKey, contract: HistoryKey, weight: int) -> str | None:
        if request in self._identical:
            return "identical requests within 15 seconds"
        if len(self._same.get(contract, ())) >= 5:
            return "six requests for the same contract within two seconds"
        if sum(counted for _, counted in self._all) + weight > 60:
            return "more than 60 requests in ten minutes"
        return None

    def _forget(self, now: datetime) -> None:
        while self._all and self._all[0][0] <= now - timedelta(minutes=10):
            self._all.popleft()
        self._identical = {key: at for key, at in self._identical.items() if at > now - timedelta(seconds=15)}
        for key in list(self._same):
            times = self._same[key]
            while times and times[0] <= now - timedelta(seconds=2):
                times.popleft()
            if not times:
                del self._same[key]
