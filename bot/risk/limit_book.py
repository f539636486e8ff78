"""The limits in force: the settings', the canary of the first live sessions, and what a person loosened for a while.

Rule: a limit becomes looser only by ``LimitLoosened``, which has a name, a reason and an end. A live bot that is started
with looser settings than before holds the tighter ones. Tightening needs nobody's leave.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from bot.domain.limits import messages as lm
from bot.domain.machine import NO_TIME_YET
from bot.domain.messages import FillBooked, Message
from bot.domain.session import new_york_day
from bot.domain.types import Side
from bot.risk.limits import RiskLimits

CANARY: Final = "canary_contracts"
LOOSER_ABOVE: Final = frozenset({
    "max_risk_pct_per_trade", "max_daily_loss_pct", "max_drawdown_pct", "max_loss_streak", "max_open_positions",
    "max_contracts_per_order", "max_contracts_per_day", "max_notional_per_order_usd", "max_notional_per_day_usd",
    "max_premium_pct", "max_delta_pct", "max_orders_per_day", "max_orders_per_minute", "max_spread_pct",
})  # fmt: skip
"""Limits of which the larger value is the looser one; ``canary_contracts`` is one more."""
LOOSER_BELOW: Final = frozenset({"min_equity_usd", "cooldown_after_loss_minutes"})
LOOSENABLE: Final = (CANARY, *sorted(LOOSER_ABOVE | LOOSER_BELOW))
LIMIT_CEILINGS: Final = {
    "max_risk_pct_per_trade": Decimal("0.05"),
    "max_daily_loss_pct": Decimal("0.20"),
    "max_drawdown_pct": Decimal("0.50"),
}
"""Above these a limit is probably a mistake, in the settings as in a loosening."""
HIGHEST_LIMIT: Final = Decimal(1_000_000_000)
FINEST: Final = -9
"""No limit is above that or written with more places: whoever counts with a number a million digits long stands still, and
again at every start."""
LONGEST: Final = timedelta(days=92)
"""A quarter: by then a person looks at it again."""
_NONE_SAID: Final = lm.LimitsChanged(NO_TIME_YET)


def is_looser(limit: str, value: Decimal, than: Decimal) -> bool:
    """Whether ``value`` allows more than ``than``."""
    return value < than if limit in LOOSER_BELOW else value > than


def is_plain(value: Decimal) -> bool:
    """Whether a limit can be so much; the rest are no numbers, or numbers nothing can be counted with."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < FINEST or value.adjusted() > HIGHEST_LIMIT.adjusted():
        return False
    return 0 <= value <= HIGHEST_LIMIT


class LimitBook:
    """Folds the durable rows; ``in_force`` is what Risk compares with."""

    def __init__(self, settings: RiskLimits) -> None:
        self.settings = settings
        self.held: dict[str, Decimal] = {}
        self.days: set[str] = set()
        self.loosened: dict[str, lm.LimitLoosened] = {}
        self._said = _NONE_SAID
        self._computed: tuple[object, RiskLimits] | None = None

    # ── rows

    def loosen(self, row: lm.LimitLoosened) -> None:
        if row.limit in LOOSENABLE and is_plain(row.now):  # another build may know more of them
            self.loosened[row.limit] = row
            self._computed = None

    def hold(self, row: lm.LimitsHeld) -> None:
        self.held = {name: Decimal(value) for name, value in row.limits.items() if name in LOOSENABLE}
        self._computed = None

    def count(self, row: lm.LiveSessionTraded) -> None:
        self.days.add(row.day)
        self._computed = None

    # ── what is in force

    def in_force(self, now: datetime) -> RiskLimits:
        """The limits of this moment; computed only when one of them may have changed."""
        standing = self._standing(now) if self.loosened else ()
        key = (id(self.settings), new_york_day(now) if self.days else None, standing)
        if self._computed is None or self._computed[0] != key:
            self._computed = key, self._compute(now)
        return self._computed[1]

    def canary_contracts(self, now: datetime) -> int | None:
        """Contracts an order may have by the canary's step, before any loosening; None where it does not apply."""
        steps = self.settings.canary_contracts
        done = len(self.days - {new_york_day(now).isoformat()})
        step = done // self.settings.canary_sessions
        return steps[step] if self.settings.is_live and step < len(steps) else None

    def _standing(self, now: datetime) -> tuple[lm.LimitLoosened, ...]:
        return tuple(row for row in self.loosened.values() if now < row.until)

    def _compute(self, now: datetime) -> RiskLimits:
        values = {name: self._base(name) for name in (*LOOSER_ABOVE, *LOOSER_BELOW)}
        canary = self.canary_contracts(now)
        for row in self._standing(now):
            if row.limit == CANARY:
                canary = None if canary is None else max(canary, int(row.now))
            elif is_looser(row.limit, row.now, values[row.limit]):
                values[row.limit] = row.now
        if canary is not None:
            values["max_contracts_per_order"] = min(values["max_contracts_per_order"], Decimal(canary))
        typed = {name: typed_limit(self.settings, name, value) for name, value in values.items()}
        return replace(self.settings, **typed)

    def _base(self, name: str) -> Decimal:
        set_to = Decimal(getattr(self.settings, name))
        held = self.held.get(name, set_to) if self.settings.is_live else set_to
        return held if is_looser(name, set_to, held) else set_to

    # ── what is said

    def begin(self, at: datetime) -> Iterator[Message]:
        """A live bot is connected: from now on its settings may only become tighter by themselves."""
        if not self.settings.is_live:
            return
        tightest = {name: self._base(name) for name in sorted(LOOSER_ABOVE | LOOSER_BELOW)}
        if tightest != self.held:
            yield lm.LimitsHeld(at, {name: str(value) for name, value in tightest.items()})

    def bought(self, row: FillBooked, now: datetime) -> Iterator[Message]:
        """A session counts once something was bought in it."""
        day = new_york_day(row.fill.at).isoformat()
        if self.settings.is_live and row.fill.side is Side.BUY and day not in self.days:
            yield lm.LiveSessionTraded(now, day)

    def obey(self, order: lm.LoosenLimit, now: datetime) -> Iterator[Message]:
        """Yes with what it was, or no with the reason."""
        why = self._fault(order, now)
        if why:
            yield lm.LooseningRefused(now, order.limit, why)
            return
        was = self._value(order.limit, now)
        yield lm.LimitLoosened(now, order.limit, was, order.value, order.until, order.reason, order.by)

    @property
    def is_as_set(self) -> bool:
        """Whether the settings' limits hold for as long as no row comes, and nothing else was ever said."""
        return not self.settings.is_live and not self.loosened and self._said is _NONE_SAID

    def changes(self, now: datetime) -> Iterator[Message]:
        """What differs from the settings, when that is not what was said last."""
        if now.tzinfo is None or self.is_as_set:
            return
        set_to = {name: Decimal(getattr(self.settings, name)) for name in self.held}
        held = {name: str(self._base(name)) for name in self.held if self._base(name) != set_to[name]}
        change = lm.LimitsChanged(now, self.canary_contracts(now), len(self.days), self._standing(now), held)
        if replace(change, at=self._said.at) != self._said:
            self._said = change
            yield change

    def _value(self, limit: str, now: datetime) -> Decimal:
        canary = self.canary_contracts(now)
        return Decimal(canary or 0) if limit == CANARY else Decimal(getattr(self.in_force(now), limit))

    def _fault(self, order: lm.LoosenLimit, now: datetime) -> str:
        if order.limit not in LOOSENABLE:
            return f"no such limit; known: {', '.join(LOOSENABLE)}"
        if not order.reason.strip() or not order.by.strip():
            return "a reason and a name are needed"
        if not now < order.until <= now + LONGEST:
            return f"it must end later than now, and within {LONGEST.days} days"
        if order.limit == CANARY and self.canary_contracts(now) is None:
            return "no canary is held now"
        return self._value_fault(order)

    def _value_fault(self, order: lm.LoosenLimit) -> str:
        value, limit = order.value, order.limit
        if not is_plain(value):
            return f"the value must be a number from 0 to {HIGHEST_LIMIT:,}, with at most {-FINEST} decimal places"
        is_count = limit == CANARY or isinstance(getattr(self.settings, limit), int)
        if is_count and value != value.to_integral_value():
            return "the value must be a whole number"
        if value > LIMIT_CEILINGS.get(limit, value):
            return f"above the ceiling of {LIMIT_CEILINGS[limit]}"
        base = Decimal(0) if limit == CANARY else self._base(limit)
        return (
            ""
            if is_looser(limit, value, base)
            else f"not looser than {base}; to tighten, change the settings"
        )


def limits_in_force(settings: RiskLimits, changed: lm.LimitsChanged | None) -> RiskLimits:
    """The settings' limits with what differs from them now, for whoever shows how near they are."""
    if changed is None:
        return settings
    values = {name: Decimal(value) for name, value in changed.held_back.items()}
    canary = changed.canary_contracts
    for row in changed.loosened:
        if row.limit == CANARY:
            canary = None if canary is None else max(canary, int(row.now))
        elif is_looser(row.limit, row.now, values.get(row.limit, Decimal(getattr(settings, row.limit)))):
            values[row.limit] = row.now
    if canary is not None:
        order = values.get("max_contracts_per_order", Decimal(settings.max_contracts_per_order))
        values["max_contracts_per_order"] = min(order, Decimal(canary))
    return replace(settings, **{name: typed_limit(settings, name, value) for name, value in values.items()})


def typed_limit(settings: RiskLimits, name: str, value: Decimal) -> Any:
    """An int where the limit is one."""
    return int(value) if isinstance(getattr(settings, name), int) else value
