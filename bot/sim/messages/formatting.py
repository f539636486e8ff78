"""How the gateway writes contracts, times and statuses, and how it reads the times a client writes.

Rule: pure. Every time inside is aware UTC; only the text is New York's, since that is the time zone of the contracts
and of this gateway. From server version 174 a time names its zone; older clients are sent two blanks and no zone.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.domain.contract import Contract
from bot.domain.session import NEW_YORK, session_on
from bot.domain.types import Right, SecType, Side
from bot.sim.exchange.combos import COMBO_ID, Combo, wire_kind
from bot.sim.market.listing import ContractQuery
from bot.wire import WireMessage

# As gateways print New York's zone (recorded contractDetails).
ZONE_NAME: Final = "US/Eastern"
# From this server version times carry the instrument's zone (ib_insync's decoder reads both).
_ZONED_SINCE: Final = 174
_WHEN = re.compile(
    r"(\d{8})(?:(-|\s+)(\d{1,2}:\d{2}(?::\d{2})?)(?:\s+([A-Za-z][A-Za-z0-9_+/-]*))?)?", re.ASCII
)
_RIGHTS: Final = {"C": Right.CALL, "CALL": Right.CALL, "P": Right.PUT, "PUT": Right.PUT}
_ZONE_ALIASES: Final = {"EST": NEW_YORK, "EDT": NEW_YORK, "GMT": UTC, "UTC": UTC}


class UnreadableTimeError(ValueError):
    """A client's time that IB would not read either (error 10314)."""


def stamp(at: datetime, version: int) -> str:
    """``20260105 10:00:00 US/Eastern``, or ``20260105  10:00:00`` for a client before version 174."""
    local = at.astimezone(NEW_YORK)
    return f"{local:%Y%m%d %H:%M:%S} {ZONE_NAME}" if version >= _ZONED_SINCE else f"{local:%Y%m%d  %H:%M:%S}"


def parse_when(text: str) -> datetime | None:
    """A client's time: ``20260105 10:00:00 [zone]`` (New York without one), ``20260105-10:00:00`` (UTC), a bare day.

    None for empty text, which IB reads as now. Errors: UnreadableTimeError.
    """
    if not text.strip():
        return None
    match = _WHEN.fullmatch(text.strip())
    if match is None:
        raise UnreadableTimeError(text)
    day, dash, clock, zone_name = match.groups()
    zone = UTC if dash == "-" and not zone_name else _zone(zone_name)
    form = "%Y%m%d" if clock is None else "%Y%m%d%H:%M:%S" if clock.count(":") == 2 else "%Y%m%d%H:%M"
    try:
        # strptime takes the zone afterwards: IB's text names it in its own way.
        return datetime.strptime(day + (clock or ""), form).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnreadableTimeError(text) from None


def _zone(name: str | None) -> ZoneInfo | Any:
    if name is None:
        return NEW_YORK
    if name.upper() in _ZONE_ALIASES:
        return _ZONE_ALIASES[name.upper()]
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise UnreadableTimeError(f"unknown time zone {name!r}") from None


def end_of_trading(day: date) -> str:
    """When an option that expires on ``day`` stops trading: ``20271217 16:00:00 US/Eastern``."""
    session = session_on(day)
    clock = time(16, 0) if session is None else session.close.astimezone(NEW_YORK).time()
    return f"{day:%Y%m%d} {clock:%H:%M:%S} {ZONE_NAME}"


def describe(contract: Contract, exchange: str | None = None) -> dict[str, Any]:
    """The eleven fields of a contract in an answer; ``exchange`` replaces the contract's own."""
    is_option, is_combo = contract.sec_type is SecType.OPTION, isinstance(contract, Combo)
    return {
        "conId": COMBO_ID if is_combo else contract.con_id,
        "symbol": contract.symbol,
        "secType": wire_kind(contract),
        "lastTradeDateOrContractMonth": f"{contract.expiry:%Y%m%d}" if contract.expiry else "",
        "strike": without_trailing_zeros(contract.strike) if contract.strike is not None else 0,
        "right": str(contract.right) if contract.right else "?" if is_combo else "",
        "multiplier": str(contract.multiplier) if is_option else "",
        "exchange": contract.exchange if exchange is None else exchange,
        "currency": contract.currency,
        "localSymbol": contract.local_symbol,
        "tradingClass": contract.trading_class,
    }


def without_trailing_zeros(number: Decimal) -> Decimal:
    """The number without the zeros at its end, as IB prints strikes and prices."""
    whole = number.to_integral_value()
    return whole if whole == number else number.normalize()


def query_of(message: WireMessage) -> ContractQuery:
    """What a request says about its contract."""
    strike = Decimal(message.strike or 0)
    multiplier = message.multiplier
    return ContractQuery(
        con_id=message.conId or 0,
        symbol=message.symbol.strip().upper(),
        sec_type=message.secType.strip().upper(),
        expiry=message.lastTradeDateOrContractMonth.strip(),
        strike=strike or None,
        right=_RIGHTS.get(message.right.strip().upper()),
        multiplier=multiplier.strip(),
        exchange=message.exchange.strip().upper(),
        primary_exchange=str(message.get("primaryExchange", "")).strip().upper(),
        currency=message.currency.strip().upper(),
        local_symbol=message.localSymbol,
        trading_class=message.tradingClass.strip(),
        sec_id_type=str(message.get("secIdType", "")).strip().upper(),
        sec_id=str(message.get("secId", "")).strip().upper(),
    )


def bought_or_sold(side: Side) -> str:
    """IB's word for an execution's side."""
    return "BOT" if side is Side.BUY else "SLD"
