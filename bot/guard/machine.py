"""The guard itself: the gate, what it sees of the account for itself, and what it does by itself. Pure; time comes with
every call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from bot.domain.session import new_york_day
from bot.guard.clearing import WATCHER, Clearing, Stop, stand_in_of
from bot.guard.core.effects import Close, Effect, Tell, ToClient, ToGateway
from bot.guard.core.gate import GOES_ON, NOTICE, Gate, Standing
from bot.guard.core.limits import Limits
from bot.guard.core.line import Line, Stage
from bot.guard.core.rates import Counts
from bot.guard.kept_counts import counts_to_json
from bot.guard.own_line import OwnLine
from bot.guard.proof import WeeklyProof, log_in_ended
from bot.wire import RemoteProtocolError

_REMIND: Final = timedelta(minutes=1)


class Guard:
    """``stop`` is what was latched on disk before this start."""

    def __init__(self, limits: Limits, counts: Counts, now: datetime, stop: Stop | None = None) -> None:
        self.limits = limits
        self.counts = counts
        self.gate = Gate(limits, counts, self._standing, self._heard, self._learn, self._back)
        self.ledger, self.lines = self.gate.ledger, self.gate.lines
        self.own: dict[int, OwnLine] = {}
        self.clearing = Clearing(limits, self.ledger, self.lines, self.own, now, stop)
        self.proof = WeeklyProof(limits.sunday, now)
        self.unkept = ""
        """Why the day's counts do not reach the disk, empty when they do."""
        self._now = self._noticed = now

    # ── what the gate asks

    def _standing(self) -> Standing:
        return Standing(str(self.clearing.stop or ""), self.blind, self.clearing.is_flattening)

    def _heard(self, client: int, now: datetime) -> None:
        self.clearing.heard(client, now)

    def _learn(self, con_id: int) -> Iterable[Effect]:
        watcher = self.own.get(WATCHER)
        if watcher is not None:
            watcher.ask_contract(con_id)
            yield ToGateway(WATCHER, watcher.take())

    def _back(self, client: int) -> Iterable[Effect]:
        stand_in = self.own.get(stand_in_of(client))
        if stand_in is not None:
            yield Close(stand_in.number, f"client {client} is back")

    # ── lines

    @property
    def blind(self) -> str:
        """Why the guard does not see the account now, empty when it does."""
        watcher = self.own.get(WATCHER)
        if watcher is None or not watcher.is_current:
            return "the guard does not see the account now"
        if not self.proof.is_proved(self._now):
            return "the gateway's log-in has not been proved since Sunday"
        return self.gate.unread or self.unkept

    def connect(self, number: int) -> list[Effect]:
        """A client has connected. ``number`` is positive and new. Before the account was seen whole none is let in."""
        if not self.gate.has_seen:
            return [Close(number, "the account has not been seen yet")]
        self.lines[number] = Line(number)
        return []

    def opened(self, number: int) -> list[Effect]:
        """A line of our own is connected."""
        own = self.own.get(number)
        return [] if own is None else [ToGateway(number, own.take())]

    def closed(self, number: int) -> list[Effect]:
        """A line is closed, by whomever."""
        line = self.lines.pop(number, None)
        own = self.own.pop(number, None)
        if own is not None and own.is_watcher and own.is_current:
            return [
                Tell("view", "the guard's own line to the gateway is closed: no entries until it is back")
            ]
        if line is not None and line.client_id in self.limits.clients.trade and self.ledger.entries():
            return [Tell("gone", f"client {line.client_id} is disconnected while an entry rests")]
        return []

    def from_client(self, number: int, data: bytes, now: datetime) -> list[Effect]:
        """Any slice of what a client says."""
        return self.gate.from_client(number, data, now)

    # ── the gateway's side

    def from_gateway(self, number: int, data: bytes, now: datetime) -> list[Effect]:
        """Any slice of what the gateway says on a line."""
        try:
            if number in self.own:
                return list(self._own_answers(self.own[number], data, now))
            line = self.lines.get(number)
            return [] if line is None else self.gate.answers(line, data, now)
        except RemoteProtocolError as error:
            if number in self.own:
                del self.own[number]
                return [Close(number, str(error)), Tell("own line", f"the guard's own line: {error}")]
            return self.gate.end(self.lines[number], str(error))

    def _own_answers(self, own: OwnLine, data: bytes, now: datetime) -> Iterator[Effect]:
        for message in own.receive(data, now):
            if isinstance(message, RemoteProtocolError):
                yield from self.gate.unreadable(message)
                continue
            self.gate.note(message, now, None, b"")
            if own.is_ready and own.is_watcher and own.accounts & self.ledger.accounts:
                self.proof.proved(own.begun_at)
            if message.kind == "error" and message.reqId > 0:
                self.ledger.on_refusal((own.client_id, message.reqId), message.errorCode)
            if message.kind == "openOrderEnd" and own.is_watcher and own.asked_at is not None:
                self.ledger.keep_only(own.seen, own.asked_at)
                own.sees_orders = True
            if own.is_current and not self.gate.has_seen:
                self.gate.has_seen = True
                yield Tell("view", "the account is seen; clients are served")
            if message.kind == "nextValidId" and not own.is_watcher:
                yield from self.clearing.speak(own, now)
        if own.out:
            yield ToGateway(own.number, own.take())

    # ── time and a person

    def time_passed(self, now: datetime) -> list[Effect]:
        """Every fraction of a second."""
        self._now = now
        self.counts.roll(now)
        self.ledger.settle(now)
        watcher = self.own.get(WATCHER)
        looking: list[Effect] = []
        if watcher is None:
            line = OwnLine(WATCHER, self.limits.clients.guard, now, is_watcher=True)
            looking += self.clearing.open(line, now)
        elif watcher.begun_at < log_in_ended(now) or watcher.is_mute(now):
            looking.append(Close(WATCHER, "a new handshake proves the log-in"))
        elif watcher.is_due(now):
            watcher.ask_orders(now)
            looking.append(ToGateway(WATCHER, watcher.take()))
        looking += self._remind(now)
        return [*looking, *self.proof.time_passed(now), *self.clearing.time_passed(now)]

    def set_stop(self, stop: Stop | None, now: datetime) -> list[Effect]:
        """A person has stopped or gone on. Going on also forgets round trips, what could not be read, and a day that is still to
        come, which only a wrong clock can have begun."""
        is_news, self.clearing.stop = stop != self.clearing.stop, stop
        if stop is None:
            self.counts.round_trips, self.gate.unread, self.clearing.closes = 0, "", False
            self.counts.day = min(self.counts.day, new_york_day(now))
            told = self._notices(GOES_ON, "guard: entries are let through again", now)
            return [Tell("stop", "a person has gone on", is_urgent=True), *told]
        if not is_news:
            return []
        words = f"guard: {stop}"
        told = self._notices(NOTICE, words, now)
        return [Tell("stop", words, is_urgent=True), *told, *self.clearing.time_passed(now)]

    def _notices(self, code: int, words: str, now: datetime) -> list[ToClient]:
        """To every client that trades and has started."""
        self._noticed = now
        lines = (line for line in self.lines.values() if line.stage is Stage.STARTED)
        return [
            self.gate.say(line, -1, code, words)
            for line in lines
            if line.client_id in self.limits.clients.trade
        ]

    def _remind(self, now: datetime) -> list[ToClient]:
        """A stop is said again: a client that was just connecting may have passed over the first notice."""
        if self.clearing.stop is None or now - self._noticed < _REMIND:
            return []
        return self._notices(NOTICE, f"guard: {self.clearing.stop}", now)

    def state(self, now: datetime) -> dict[str, Any]:
        """What ``ibkr-guard status`` shows."""
        return {
            "at": now.isoformat(),
            "stopped": stop.to_json() if (stop := self.clearing.stop) is not None else None,
            "flattening": self.clearing.is_flattening,
            "blind": self.blind,
            "log_in_proved": self.proof.is_proved(now),
            "clients": {str(li.client_id): li.stage.value for li in self.lines.values()},
            "silent": sorted(self.clearing.silent),
            "held": {f"{account} {con_id}": str(q) for (account, con_id), q in self.ledger.held.items()},
            "premium": str(self.ledger.premium()),
            "resting_entries": len(self.ledger.entries()),
            "working_orders": len(self.ledger.working),
            "day": new_york_day(now).isoformat(),
            "refused": self.counts.refused,
            **counts_to_json(self.counts),
        }
