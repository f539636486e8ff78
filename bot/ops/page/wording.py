"""How the page says things: plain trading English, made from codes and figures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from bot.domain.contract import Contract
from bot.domain.idea import read_idea
from bot.domain.session import NEW_YORK
from bot.ops.status.spoken import readable, telling
from bot.risk.denials import DenialCode
from bot.selection.no_contract import NoContractCode

_INDICATORS = {"ema": "EMA ", "rsi": "RSI", "vwap": "VWAP", "rel_volume": "relative volume"}
_EXITS = {
    "target": "Target reached",
    "stop": "Stop hit",
    "time_stop": "Time stop",
    "session_end": "The session ends",
    "expiry": "Before expiry",
    "flatten": "Closed by hand",
    "external": "Closed by another hand",
}
_REFUSED = {"ENTRY_ABANDONED": "The entry found no seller in time."}


def figures(numbers: Mapping[str, object]) -> str:
    """``close 129.75, EMA 8 129.71, RSI 58``: names as traders write them, figures without needless digits."""
    return ", ".join(_figure(name, _short(name, value)) for name, value in telling(numbers).items())


def _figure(name: str, value: str) -> str:
    if name.endswith("_usd"):
        return f"{_named(name.removesuffix('_usd'))} {value} USD"
    return f"{_named(name)} {value}"


def _named(name: str) -> str:
    if name.startswith("ema") and name[3:].isdigit():
        return f"EMA {name[3:]}"
    return _INDICATORS.get(name, name.replace("_", " "))


def plain(code: object) -> str:
    """A code of the machines as words."""
    return str(code).replace("_", " ")


def _short(name: str, value: object) -> str:
    text = str(value)
    figure = readable(name, text)
    return _moment(text) if figure is None else figure


def _moment(text: str) -> str:
    """A time as New York's clock, an idea by its bar; any other text as it is."""
    idea = read_idea(text)
    if idea is not None:
        return f"{idea.symbol} {idea.strategy} of {clock(idea.bar_end)}"
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if at.tzinfo is None else clock(at)


def refusal(code: str) -> str:
    """What a denial's or a refusal's code means; the code itself where nobody has words for it."""
    known = DenialCode.__members__.get(code) or NoContractCode.__members__.get(code)
    return known.meaning if known is not None else _REFUSED.get(code, code.replace("_", " ").lower())


def option(contract: Contract) -> str:
    """``SPY 28 Jan 130 call``."""
    if contract.expiry is None or contract.strike is None or contract.right is None:
        return contract.symbol
    kind = {"C": "call", "P": "put"}[str(contract.right)]
    return (
        f"{contract.symbol} {contract.expiry.day} {contract.expiry:%b} {contract.strike.normalize():f} {kind}"
    )


def way_out(reason: str) -> str:
    """How a trade ended, in words."""
    return _EXITS.get(reason, reason.replace("_", " ").capitalize())


def signed(amount: Decimal | None) -> str:
    """``+37.00``, ``−12.50``; "unknown" for None."""
    if amount is None:
        return "unknown"
    return f"{amount:+,.2f}".replace("-", "−")


def clock(at: datetime | None) -> str:
    """New York's hour and minute."""
    return "" if at is None else f"{at.astimezone(NEW_YORK):%H:%M}"


def ago(seconds: float) -> str:
    """``0.3 s``, ``12 s``, ``4 min``, ``2 h 05 min``, ``3 days``."""
    if seconds < 0.05:
        return "0 s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    length = timedelta(seconds=seconds)
    hours, minutes = divmod(int(length.total_seconds()) // 60, 60)
    if hours >= 48:
        return f"{hours // 24} days"
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def shortened(account: str) -> str:
    """``DU…567``: enough to know one's own accounts apart."""
    return account if len(account) < 6 else f"{account[:2]}…{account[-3:]}"
