"""Names and times as a person reads them: New York's clock, with its zone.

Rule: an idea's name carries UTC, since the broker keeps it; a person reads it in the clock of everything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from bot.domain.idea import read_idea
from bot.domain.session import NEW_YORK

_CENTS: Final = 2
_LARGE: Final = 10_000
"""From here on thousands are set apart."""
_COUNTS: Final = frozenset({"volume", "open_interest"})
_PRICES: Final = frozenset(
    {
        "close",
        "high",
        "low",
        "vwap",
        "spot",
        "strike",
        "bid",
        "ask",
        "limit",
        "target",
        "stop",
        "price",
        "exit",
    }
)


def spoken_time(at: datetime) -> str:
    """``15:30 New York``."""
    return f"{at.astimezone(NEW_YORK):%H:%M} New York"


def spoken_moment(at: datetime) -> str:
    """``27 Jan 15:30 New York``."""
    return f"{at.astimezone(NEW_YORK):%d %b %H:%M} New York"


def spoken_idea(idea_id: str) -> str:
    """``SPY 09:54 scalp``, the bar's end in New York; a name that no strategy of ours gave stays as it is."""
    name, slash, leg = idea_id.partition("/")
    idea = read_idea(name)
    if idea is None:
        return idea_id
    told = f"{idea.symbol} {idea.bar_end.astimezone(NEW_YORK):%H:%M} {idea.strategy}"
    return f"{told} {leg}" if slash else told


def spoken_figures(numbers: Mapping[str, object]) -> str:
    """``limit=2, allowed_until=15:30 New York``."""
    return ", ".join(f"{key}={_figure(key, value)}" for key, value in telling(numbers).items())


def telling(numbers: Mapping[str, object]) -> dict[str, object]:
    """The figures without the caps of a size that leave a contract: they do not say why there is none."""
    return {
        key: value
        for key, value in numbers.items()
        if not key.startswith("cap_") or str(value).startswith(("0", "-"))
    }


def readable(name: str, text: str) -> str | None:
    """A figure without needless digits, None for what is no figure; ``name`` says what it is of.

    A volume is whole, a price is at its tick, anything else has two decimals, or three digits where it is less than 1.
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if not value.is_finite():
        return None
    if name in _COUNTS:
        return f"{value:,.0f}"
    decimals = -int(value.as_tuple().exponent)
    if decimals <= _CENTS:
        return text if abs(value) < _LARGE else f"{value:,}"
    if abs(value) < 1:
        shown = f"{Decimal(f'{float(value):.3g}'):f}"
        return f"{value:.2f}" if _is_price(name) and len(shown) < len("0.00") else shown
    shown = f"{value:,.2f}"
    return shown if _is_price(name) else shown.rstrip("0").rstrip(".")


def _is_price(name: str) -> bool:
    return name in _PRICES or (name.startswith("ema") and name[3:].isdigit())


def _figure(name: str, value: object) -> str:
    if isinstance(value, datetime):
        return spoken_time(value)
    text = spoken_idea(str(value))
    if (figure := readable(name, text)) is not None:
        return figure
    if len(text) < len("2011-01-26T20:30+00:00") or text[4:5] != "-":
        return text
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if at.tzinfo is None else spoken_time(at)
