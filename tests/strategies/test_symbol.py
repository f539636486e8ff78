"""Who trades where several strategies speak: rank, mode, and the hour's bar that comes after the minute's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.domain import messages as m
from bot.domain.market import Bar, BarSize, Quote
from bot.domain.types import Direction
from bot.strategies.base import Judgement, Reason
from bot.strategies.symbol import Chosen, Mode, SymbolStrategy, Unfit
from tests.risk.house import CALL, QUOTE

HOUR = datetime(2024, 3, 11, 15, 0, tzinfo=UTC)
UP, DOWN = Direction.BULLISH, Direction.BEARISH


class Says:
    """A strategy that fires on every bar, and stands for what it said."""

    def __init__(self, name: str, size: BarSize, direction: Direction | None) -> None:
        self.name, self.bar_size, self._direction = name, size, direction

    def judge(self, bar: Bar, *, may_fire: bool = True) -> Judgement:
        fires = may_fire and self._direction is not None
        return Judgement(self._direction, 1.0 if fires else 0.0, fires, Reason.FIRED, {})

    def remember_fired(self, at: datetime, direction: Direction) -> None: ...

    def standing(self, at: datetime) -> Direction | None:
        return self._direction


def machine(mode: Mode, whale: Direction | None, chosen: Chosen | Unfit | None = None) -> SymbolStrategy:
    made = (Says("whale", BarSize.M60, whale), Says("scalp", BarSize.M1, UP))

    def choose(*_: Any) -> Chosen | Unfit:
        return chosen or Chosen(CALL, QUOTE)

    return SymbolStrategy("SPY", made, mode, choose)


def bar(size: BarSize, end: datetime) -> m.BarClosed:
    start = end - timedelta(minutes=1 if size is BarSize.M1 else 60)
    return m.BarClosed(Bar("SPY", size, start, 1.0, 1.0, 1.0, 1.0, 1.0))


def said(strategy: SymbolStrategy, *messages: m.Message) -> list[tuple[str, str]]:
    """Ideas and drops as (strategy, what became of it), in order."""
    heard: Iterable[m.Message] = (x for message in messages for x in strategy.handle(message))
    return [
        (x.strategy, x.code if isinstance(x, m.IdeaDropped) else f"idea {x.size_factor}")
        for x in heard
        if isinstance(x, m.TradeIdea | m.IdeaDropped)
    ]


def test_the_higher_rank_trades_where_both_fire_on_one_instant() -> None:
    both = said(machine(Mode.GROWTH, UP), bar(BarSize.M1, HOUR), bar(BarSize.M60, HOUR))

    assert both == [("whale", "idea 1"), ("scalp", "SIGNAL_OUTRANKED")]


def test_the_lower_rank_trades_where_the_hours_bar_does_not_come_in_time() -> None:
    late = Quote(con_id=1, symbol="SPY", at=HOUR + timedelta(seconds=6), bid=Decimal(1), ask=Decimal(2))

    assert said(machine(Mode.GROWTH, UP), bar(BarSize.M1, HOUR), m.QuoteUpdated(late)) == [
        ("scalp", "idea 1")
    ]


def test_between_the_hours_nothing_waits() -> None:
    assert said(machine(Mode.GROWTH, UP), bar(BarSize.M1, HOUR + timedelta(minutes=7))) == [
        ("scalp", "idea 1")
    ]


@pytest.mark.parametrize(("whale", "size"), [(UP, "idea 1"), (DOWN, "idea 0.5"), (None, "idea 0.5")])
def test_in_hybrid_the_confirming_one_only_sets_the_size(whale: Direction | None, size: str) -> None:
    heard = said(machine(Mode.HYBRID, whale), bar(BarSize.M60, HOUR), bar(BarSize.M1, HOUR))

    assert ("scalp", size) in heard
    assert [x for x in heard if x[0] == "whale"] == (
        [("whale", "MODE_DOES_NOT_TRADE_WHALE")] if whale else []
    )


def test_no_contract_is_a_drop_with_the_choosers_code() -> None:
    dropped = said(
        machine(Mode.GROWTH, None, Unfit("SPREAD_WIDE_PCT", {})), bar(BarSize.M1, HOUR - timedelta(minutes=1))
    )

    assert dropped == [("scalp", "SPREAD_WIDE_PCT")]
