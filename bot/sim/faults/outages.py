"""Broken connections: between a client and the gateway, and between the gateway and IB.

Rule: texts and codes are IB's. Restarts and log-outs leave orders and time alone; only sockets, subscriptions and (where
asked) order ids are lost.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from bot.domain.errors import FixTheConfiguration
from bot.sim.gateway.connectivity import FARMS, HISTORY_FARM, SECDEF_FARM
from bot.sim.gateway.core import GatewayCore
from bot.sim.gateway.session import ClientSession
from bot.sim.streams.historical_updates import KeptBars
from bot.sim.streams.market_data_line import MarketLine

# IBKR Campus, "System Message Codes"; the list of farms as in a gateway's log, not compared with a live one.
_DATA_LOST: Final = 1101
_RESTORED: Final = {
    _DATA_LOST: "Connectivity between IBKR and Trader Workstation has been restored - data lost.",
    1102: "Connectivity between IBKR and Trader Workstation has been restored - data maintained. "
    "All data farms are connected: usfarm; usopt; cashfarm; ushmds; secdefil.",
}
_BROKEN: Final = "is broken"
_OK: Final = "is OK"


def drop_socket(core: GatewayCore, *, client_id: int | None = None) -> None:
    """Cut one client's connection, or every one."""
    for session in list(core.sessions.values()):
        if client_id in (None, session.client_id):
            core.cut(session, "scenario: the socket is dropped")


def close_port(core: GatewayCore) -> None:
    """Refuse new connections until further notice; those there are stay."""
    core.link.is_listening = False


def refuse(core: GatewayCore, seconds: float) -> None:
    """Cut every connection and refuse new ones for a while."""
    drop_socket(core)
    core.link.is_listening = False
    _later(core, seconds, lambda: _open_port(core))


def _open_port(core: GatewayCore) -> None:
    core.link.is_listening = True


def restart(core: GatewayCore, *, seconds: float = 120.0, roll_back_ids: bool = False) -> None:
    """The nightly restart: sockets close, the port refuses, then all is as before; next valid ids may start over."""
    refuse(core, seconds)
    if roll_back_ids:
        core.order_ids.roll_back()


def log_out(core: GatewayCore) -> None:
    """The weekly token has expired: sockets close and nothing is accepted until log_in."""
    drop_socket(core)
    core.link.is_listening = False


def log_in(core: GatewayCore) -> None:
    """Somebody has logged in by hand: the port accepts again."""
    _open_port(core)


def half_open(core: GatewayCore, *, seconds: float | None = None) -> None:
    """Accept connections and never answer; those that are open stay silent until they are repaired."""
    core.link.is_silent = True
    for session in core.sessions.values():
        session.is_silent = True
    _later(core, seconds, lambda: _speak(core))


def _speak(core: GatewayCore) -> None:
    core.link.is_silent = False


def accept_then_close(core: GatewayCore, seconds: float) -> None:
    """Accept connections and close them at once, for a while."""
    core.link.closes_after_accept = True
    _later(core, seconds, lambda: _stay_open(core))


def _stay_open(core: GatewayCore) -> None:
    core.link.closes_after_accept = False


def outage(core: GatewayCore, seconds: float, *, then: int = 1102) -> None:
    """1100 for a while, then 1101 (market-data subscriptions lost) or 1102. News of orders and fills wait meanwhile.

    Raises FixTheConfiguration.
    """
    if then not in _RESTORED:
        raise FixTheConfiguration(f"outage: then must be 1101 or 1102, not {then}")
    if not core.link.is_up:
        return
    core.send_to_all(1100, "Connectivity between IBKR and Trader Workstation has been lost.")
    core.link.is_up = False
    _later(core, seconds, lambda: _restore(core, then))


def _restore(core: GatewayCore, code: int) -> None:
    core.link.is_up = True
    if code == _DATA_LOST:
        for session in core.started():
            _lose_data(session)
    core.send_to_all(code, _RESTORED[code])
    for action in core.link.take_waiting():
        action()
    for feed in core.feeds.everyone():
        feed.refresh()


def _lose_data(session: ClientSession) -> None:
    lost = ("line", "tick_by_tick", "bars_5s", "kept_bars")
    for family, req_id in list(session.subscriptions):
        if family in lost:
            session.unsubscribe(family, req_id)


def farm(core: GatewayCore, name: str, seconds: float, *, dead_after: bool = False) -> None:
    """One data farm breaks and comes back: 2103/2105/2157, then 2104/2106/2158.

    ``dead_after``: what it fed stays subscribed and never says anything again.
    """
    codes = _farm_codes(name)
    core.link.farms_down.add(name)
    core.send_to_all(codes[0], f"{_farm_notice(name)} {_BROKEN}:{name}")
    _later(core, seconds, lambda: _restore_farm(core, name, codes[1], dead_after=dead_after))


def _restore_farm(core: GatewayCore, name: str, code: int, *, dead_after: bool) -> None:
    core.link.farms_down.discard(name)
    if dead_after:
        kill_feeds(core)
    core.send_to_all(code, f"{_farm_notice(name)} {_OK}:{name}")
    for feed in core.feeds.everyone():
        feed.refresh()


def _farm_codes(name: str) -> tuple[int, int]:
    codes = {**dict.fromkeys(FARMS, (2103, 2104)), HISTORY_FARM: (2105, 2106), SECDEF_FARM: (2157, 2158)}
    if name not in codes:
        raise FixTheConfiguration(f"farm: {name!r} is unknown; choose one of {', '.join(codes)}")
    return codes[name]


def _farm_notice(name: str) -> str:
    if name == HISTORY_FARM:
        return "HMDS data farm connection"
    return "Sec-def data farm connection" if name == SECDEF_FARM else "Market data farm connection"


def kill_feeds(core: GatewayCore, *, family: str = "all") -> None:
    """Lines (``line``) and kept-up-to-date bars (``kept_bars``) stay subscribed and stay silent until they are repaired."""
    for feed in core.feeds.everyone():
        if isinstance(feed, MarketLine | KeptBars) and family in ("all", feed.family):
            feed.die()


def competing_session(core: GatewayCore, seconds: float) -> None:
    """Somebody logs in elsewhere: 10197 on every line, and prices stand still until he leaves."""
    core.link.competing_session = True
    for session in core.started():
        for family, req_id in list(session.subscriptions):
            if family == MarketLine.family:
                core.error(session, req_id, 10197, "No market data during competing live session")
    _later(core, seconds, lambda: _end_competition(core))


def _end_competition(core: GatewayCore) -> None:
    core.link.competing_session = False
    for feed in core.feeds.everyone():
        feed.refresh()


def _later(core: GatewayCore, seconds: float | None, action: Callable[[], None]) -> None:
    if seconds is not None:
        core.timers.at(core.now + timedelta(seconds=seconds), action)
