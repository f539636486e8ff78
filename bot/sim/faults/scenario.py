"""Scenario files: what goes wrong, and when, on the simulated clock.

    description: The line to IB breaks at a quarter past ten.
    exchange: {displayed_size: 5}            # exchange_settings, see bot/sim/exchange/exchange_settings.py
    gateway: {market_data_lines: 20}         # settings, see bot/sim/gateway/settings.py
    accounts: [{id: DU1234567, type: cash}]  # see bot/sim/faults/logins.py
    timeline:
      - {at: "10:15", do: outage, seconds: 60, then: 1101}
      - {at: "+90s", do: drop_socket, client_id: 1}
      - {at: "23:45", repeat: daily, do: restart}
      - {upon: execDetails, nth: 1, do: drop_socket}

Rule: everything is checked before the gateway starts. ``at`` is New York's clock on the first trading day (``10:15``), a
full date and time, or a span after the start (``+90s``, ``+5m``, ``+2h``, ``+1d``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from bot.domain.errors import FixTheConfiguration
from bot.domain.session import NEW_YORK, new_york_day, next_session, session_on
from bot.domain.text import made_safe
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.exchange.logins.login import Login
from bot.sim.faults.handle import bind
from bot.sim.faults.logins import read_login
from bot.sim.faults.values import changed, check_message_kind
from bot.sim.gateway.core import GatewayCore
from bot.sim.gateway.settings import GatewaySettings

ScenarioAction = Callable[[GatewayCore], Any]

_MOST_BYTES: Final = 256 * 1024
_ALIAS: Final = re.compile(rb"[:,\[{-]\s*\*\w")
_SPAN: Final = re.compile(r"\+(\d{1,6}(?:\.\d{1,3})?)([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_REPEATS: Final = {None: None, "daily": timedelta(days=1), "weekly": timedelta(days=7)}


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """The file as it is written."""

    description: str = ""
    exchange: dict[str, Any] = {}
    gateway: dict[str, Any] = {}
    timeline: list[dict[str, Any]] = []
    accounts: list[dict[str, Any]] = []
    advisor: str = ""
    groups: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline: at a time, perhaps again and again, or upon the nth message of a kind."""

    action: ScenarioAction
    at: str = ""
    repeat: timedelta | None = None
    weekday: int | None = None
    upon: str = ""
    nth: int = 1
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A checked scenario. Without a file: everything behaves."""

    description: str = ""
    exchange_settings: ExchangeSettings = field(default_factory=ExchangeSettings)
    settings: GatewaySettings = field(default_factory=GatewaySettings)
    entries: tuple[Entry, ...] = ()
    login: Login | None = None
    """The accounts, where the file names any."""

    def arm(self, core: GatewayCore) -> None:
        """Put the timeline on the gateway's clock. Errors: FixTheConfiguration for a time that has passed."""
        for entry in self.entries:
            _check_symbol(core, entry)
            if entry.upon:
                core.faults.on(entry.upon, entry.nth, _call(entry.action, core))
            else:
                _schedule(core, entry, _first_time(core.now, entry))


def load_scenario(path: Path) -> Scenario:
    """Read and check a scenario file. Errors: FixTheConfiguration, naming the file and the place."""
    try:
        return parse(_bytes_of(path))
    except OSError as error:
        raise FixTheConfiguration(f"scenario {path}: {error.strerror}") from None
    except FixTheConfiguration as error:
        raise FixTheConfiguration(f"scenario {path}: {error}") from None


def _bytes_of(path: Path) -> bytes:
    """A plain file of a size that somebody can have written, without aliases, which can stand for billions of lines."""
    if path.exists() and not path.is_file():
        raise FixTheConfiguration("is no file")
    with path.open("rb") as file:
        text = file.read(_MOST_BYTES + 1)
    if len(text) > _MOST_BYTES or _ALIAS.search(text):
        raise FixTheConfiguration(f"is larger than {_MOST_BYTES // 1024} KiB, or uses YAML's aliases (*)")
    return text


def parse(text: bytes) -> Scenario:
    """A scenario from YAML text. Errors: FixTheConfiguration."""
    try:
        file = msgspec.yaml.decode(text, type=_File)
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError) as error:
        raise FixTheConfiguration(made_safe(error, 300) or "cannot be read") from None
    return Scenario(
        description=file.description,
        exchange_settings=changed(ExchangeSettings(), file.exchange, "exchange"),
        settings=changed(GatewaySettings(), file.gateway, "gateway"),
        entries=tuple(_entry(number, line) for number, line in enumerate(file.timeline, start=1)),
        login=read_login(file.accounts, file.advisor, file.groups),
    )


def _entry(number: int, line: dict[str, Any]) -> Entry:
    arguments = dict(line)
    name, at, upon = arguments.pop("do", None), arguments.pop("at", ""), arguments.pop("upon", "")
    nth, repeat, weekday = (
        arguments.pop("nth", 1),
        arguments.pop("repeat", None),
        arguments.pop("weekday", None),
    )
    where = f"timeline entry {number}"
    if not isinstance(name, str):
        raise FixTheConfiguration(f"{where} has no 'do': name the fault")
    if bool(at) == bool(upon):
        raise FixTheConfiguration(f"{where}: give either 'at' (a time) or 'upon' (a message kind)")
    if isinstance(nth, bool) or not isinstance(nth, int) or not 1 <= nth <= 10**9:
        raise FixTheConfiguration(
            f"{where}: nth is {made_safe(repr(nth), 40)}; it must be a whole number from 1 on"
        )
    if upon:
        check_message_kind(where, str(upon))
    if not _is_choice(repeat, _REPEATS) or not _is_choice(weekday, (None, *_WEEKDAYS)):
        raise FixTheConfiguration(
            f"{where}: repeat is daily or weekly, weekday a day's English name in small letters"
        )
    try:
        action = bind(name, arguments)
    except FixTheConfiguration as error:
        raise FixTheConfiguration(f"{where}: {error}") from None
    day = None if weekday is None else _WEEKDAYS.index(weekday)
    entry = Entry(action, str(at), _REPEATS[repeat], day, str(upon), nth, arguments)
    if at:
        _read_time(str(at), date(2024, 1, 2), where)
    return entry


def _is_choice(given: Any, known: Collection[str | None]) -> bool:
    return (given is None or isinstance(given, str)) and given in known


def _check_symbol(core: GatewayCore, entry: Entry) -> None:
    known, symbol = core.world.market.stocks, entry.arguments.get("symbol")
    if symbol is not None and symbol not in known:
        raise FixTheConfiguration(
            f"timeline: {made_safe(symbol, 40)!r} is not traded here; symbols: {', '.join(known)}"
        )


def _read_time(text: str, first_day: date, where: str) -> datetime | timedelta:
    if match := _SPAN.fullmatch(text):
        return timedelta(**{_UNITS[match[2]]: float(match[1])})
    try:
        if len(text) <= len("10:15:00"):
            return datetime.combine(first_day, time.fromisoformat(text), NEW_YORK)
        return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)
    except ValueError:
        raise FixTheConfiguration(
            f"{where}: 'at' is {text!r}; write 10:15, 2026-01-05 10:15 or +90s (quoted, YAML reads 10:15 as a number)"
        ) from None


def _first_time(now: datetime, entry: Entry) -> datetime:
    session = session_on(new_york_day(now)) or next_session(new_york_day(now))
    read = _read_time(entry.at, session.day, "timeline")
    if isinstance(read, timedelta):
        return now + read
    while entry.weekday is not None and read.weekday() != entry.weekday:
        read += timedelta(days=1)
    while read < now and entry.repeat is not None:
        read += entry.repeat
    if read < now:
        raise FixTheConfiguration(
            f"timeline: {entry.at} lies before the simulated start, {now.astimezone(NEW_YORK)}"
        )
    return read


def _schedule(core: GatewayCore, entry: Entry, at: datetime) -> None:
    def fire() -> None:
        entry.action(core)
        if entry.repeat is not None:
            # Added on New York's clock, so that 23:45 stays 23:45 when the clocks change.
            _schedule(core, entry, at.astimezone(NEW_YORK) + entry.repeat)

    core.timers.at(at, fire)


def _call(action: ScenarioAction, core: GatewayCore) -> Callable[[], None]:
    return lambda: action(core)
