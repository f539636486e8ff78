"""IB's rate limits, kept from our side. Pure: the time in seconds is an argument, and the answer is how long to wait.

The limits (IBKR Campus, "Order Limitations", "Historical Data Limitations"): 50 messages a second from all clients;
historical requests: 60 in 10 minutes, none identical within 15 s, fewer than 6 of one contract within 2 s, and at most
50 open at once. We stay well below, and orders keep a share of the message rate for themselves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field

from bot.broker.connection.settings import PacingLimits


@dataclass(slots=True)
class Window:
    """At most ``limit`` events in any ``span_s`` seconds."""

    limit: int
    span_s: float
    _times: deque[float] = field(default_factory=deque)

    def wait_s(self, now: float, room: int = 0) -> float:
        """Seconds until one more event is allowed while ``room`` places stay free. 0: now."""
        self._forget(now)
        surplus = len(self._times) - max(self.limit - room, 1)
        return 0.0 if surplus < 0 else self._times[surplus] + self.span_s - now

    def note(self, now: float) -> None:
        self._times.append(now)

    def lasts_s(self, now: float, more: int, each_s: float) -> float:
        """Seconds that so many more events take, one after the other and ``each_s`` long, with the waits for the limit."""
        self._forget(now)
        times, at = deque(self._times, maxlen=self.limit), now
        for _ in range(more):
            if len(times) == self.limit:
                at = max(at, times[0] + self.span_s)
            times.append(at)
            at += each_s
        return at - now

    def free(self, now: float) -> int:
        """How many events would be allowed at once."""
        self._forget(now)
        return self.limit - len(self._times)

    def is_idle(self, now: float) -> bool:
        self._forget(now)
        return not self._times

    def _forget(self, now: float) -> None:
        while self._times and now - self._times[0] >= self.span_s:
            self._times.popleft()


class MessagePacer:
    """All messages to the gateway. ``is_urgent`` ones (orders, cancels, heartbeats) may use the reserved share.

    ``span_s`` is one second of the gateway's time in that of the caller's clock.
    """

    def __init__(self, limits: PacingLimits, span_s: float = 1.0) -> None:
        self._window = Window(limits.messages_per_s, span_s)
        self._reserved = limits.reserved_for_orders

    def take(self, now: float, *, is_urgent: bool, count: int = 1) -> float:
        """0 when ``count`` messages may go at once, and are counted; else how long to wait before asking again.

        What is taken is written before anything else is taken, so that no second sees more than the limit and one: had the
        parts of a bracket been taken one by one, they would leave together all the same.
        """
        wait = self._window.wait_s(now, (0 if is_urgent else self._reserved) + count - 1)
        if wait <= 0:
            for _ in range(count):
                self._window.note(now)
        return wait

    def free(self, now: float) -> int:
        """How many urgent messages could go at once."""
        return self._window.free(now)


class HistoryPacer:
    """Historical requests. ``contract`` is conId and data type, ``whole`` the complete request."""

    def __init__(self, limits: PacingLimits) -> None:
        self._limits = limits
        self._all = Window(limits.history_per_10min, 600.0)
        self._by_contract: dict[Hashable, Window] = {}
        self._last: dict[Hashable, float] = {}

    def take(self, now: float, contract: Hashable, whole: Hashable) -> float:
        """0 when the request may go, and is counted; else how long to wait before asking again."""
        self._forget(now)
        of_contract = self._by_contract.setdefault(contract, Window(self._limits.same_contract_per_2s, 2.0))
        wait = max(self._all.wait_s(now), of_contract.wait_s(now), self._identical_wait_s(now, whole))
        if wait <= 0:
            self._all.note(now)
            of_contract.note(now)
            self._last[whole] = now
        return wait

    def lasts_s(self, now: float, requests: int, each_s: float) -> float:
        """Seconds until so many more requests are answered, ``each_s`` being what one takes."""
        return self._all.lasts_s(now, requests, each_s)

    def free(self, now: float) -> int:
        """How many requests of different contracts could go at once."""
        return self._all.free(now)

    def _identical_wait_s(self, now: float, whole: Hashable) -> float:
        last = self._last.get(whole)
        return 0.0 if last is None else last + self._limits.identical_after_s - now

    def _forget(self, now: float) -> None:
        """Old entries can no longer delay anything; without this the books would grow for ever."""
        self._last = {key: at for key, at in self._last.items() if now - at < self._limits.identical_after_s}
        self._by_contract = {
            key: window for key, window in self._by_contract.items() if not window.is_idle(now)
        }


class Pacers:
    """Of one process: a line that is built again goes on counting where the last one was."""

    def __init__(self) -> None:
        self._made: tuple[MessagePacer, HistoryPacer] | None = None

    def of(self, limits: PacingLimits, span_s: float) -> tuple[MessagePacer, HistoryPacer]:
        """The same two for every line."""
        if self._made is None:
            self._made = MessagePacer(limits, span_s), HistoryPacer(limits)
        return self._made
