"""Who trades where several strategies speak: rank, mode, and the hour's bar that comes after the minute's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import messages as m
from bot.domain.market import Bar, BarSize, Quote
from bot.domain.session import sessions_between
from bot.domain.types import Direction
from bot.risk.limits import SessionRules
from bot.risk.session_rules import entry_time
from bot.strategies.base import Judgement, Reason
from bot.strategies.entry_timing import EntryTiming, Wait, market_minutes_after
from bot.strategies.symbol import Chosen, Mode, SymbolStrategy, Unfit
from tests.risk.house import CALL, QUOTE

HOUR = datetime(2024, 3, 11, 15, 0, tzinfo=UTC)
UP, DOWN = Direction.BULLISH, Direction.BEARISH


class Says:
    """A strategy that fires on every bar, and stands for what it said."""

    def __init__(self, name: str, size: BarSize, direction: Direction | None) -> None:
        self.name, self.bar_size, self._direction = name, size, direction
        self.entered: list[tuple[datetime, Direction]] = []

    def judge(self, bar: Bar, *, may_fire: bool = True) -> Judgement:
        fires = may_fire and self._direction is not None
        return Judgement(self._direction, 1.0 if fires else 0.0, fires, Reason.FIRED, {})

    def remember_fired(self, at: datetime, direction: Direction) -> None: ...

    def remember_entered(self, at: datetime, direction: Direction) -> None:
        self.entered.append((at, direction))

    def standing(self, at: datetime) -> Direction | None:
        return self._direction


def placed(idea_id: str) -> m.PlaceBracket:
    return m.PlaceBracket(
        idea_id=idea_id,
        symbol="SPY",
        strategy=idea_id.rpartition("-")[2],
        contract=CALL,
        quantity=1,
        entry_limit=Decimal(2),
        target=Decimal("2.60"),
        stop=Decimal("1.60"),
        enter_by=HOUR,
        close_by=HOUR,
        close_reason="time_stop",
        at=HOUR,
    )


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


# ── signals outside the entry window ──

CLOSE = datetime(2024, 3, 11, 20, 0, tzinfo=UTC)
NEXT_DAY = datetime(2024, 3, 12, 13, 35, tzinfo=UTC)
PATIENT = {"whale": Wait(minutes=120, max_gap_pct=Decimal("0.01"))}


class Window:
    """A whale whose entries are allowed from 09:35 to 15:30 New York, and what its chooser is told."""

    def __init__(self, chosen: Chosen | Unfit | None = None) -> None:
        self.whale = Says("whale", BarSize.M60, UP)
        self.chosen, self.held = chosen or Chosen(CALL, QUOTE), frozenset[int]()
        self.machine = self.new()

    def new(self) -> SymbolStrategy:
        timing = EntryTiming(lambda at: entry_time(at, SessionRules(), "SPY") is None, PATIENT)
        made = (self.whale, Says("scalp", BarSize.M1, None))
        return SymbolStrategy("SPY", made, Mode.GROWTH, self.choose, timing)

    def choose(self, *given: Any) -> Chosen | Unfit:
        self.held = given[-1]
        return self.chosen

    def at(self, end: datetime, price: float = 1.0) -> list[tuple[str, str]]:
        spot = Decimal(str(price))
        self.machine.handle(m.WatchlistChanged("SPY", 1, ()))
        self.machine.handle(m.QuoteUpdated(Quote(con_id=1, symbol="SPY", at=end, bid=spot, ask=spot)))
        return said(self.machine, bar(BarSize.M1, end))


def test_a_signal_with_the_close_waits_for_the_next_mornings_first_allowed_minute() -> None:
    window = Window()

    (fired, postponed) = [
        x for x in window.machine.handle(bar(BarSize.M60, CLOSE)) if not isinstance(x, m.BarJudged)
    ]

    assert isinstance(fired, m.SignalFired)
    assert isinstance(postponed, m.SignalPostponed)
    assert postponed.valid_until == datetime(2024, 3, 12, 15, 30, tzinfo=UTC)
    assert window.at(NEXT_DAY - timedelta(minutes=1)) == []
    assert window.at(NEXT_DAY) == [("whale", "idea 1")]
    assert window.at(NEXT_DAY + timedelta(minutes=1)) == []


def test_a_waiting_signal_survives_a_restart_and_its_entry_ends_it() -> None:
    window = Window()
    rows = list(window.machine.handle(bar(BarSize.M60, CLOSE)))
    window.machine = window.new()
    for row in rows:
        window.machine.remember(row)

    assert window.at(NEXT_DAY) == [("whale", "idea 1")]

    place = placed("SPY-20240311T1600EDT-whale")
    window.machine = window.new()
    for row in (*rows, place):
        window.machine.remember(row)
    assert window.at(NEXT_DAY) == []
    assert window.whale.entered[-1] == (CLOSE, UP)


@pytest.mark.parametrize(
    ("price", "minutes", "code"),
    [(1.02, 0, "GAP_TOO_WIDE"), (0.98, 0, "GAP_TOO_WIDE"), (1.0, 116, "SIGNAL_EXPIRED")],
)
def test_a_waiting_signal_ends_when_the_market_ran_away_or_its_time_is_over(
    price: float, minutes: int, code: str
) -> None:
    window = Window(Unfit("SPREAD_WIDE_PCT", {}))
    window.machine.handle(bar(BarSize.M60, CLOSE))

    assert window.at(NEXT_DAY) == []
    assert window.at(NEXT_DAY + timedelta(minutes=minutes), price) == [("whale", code)]


def test_the_next_signal_takes_the_place_of_one_that_waits() -> None:
    window = Window()
    window.machine.handle(bar(BarSize.M60, CLOSE))

    (dropped, *_) = said(window.machine, bar(BarSize.M60, CLOSE + timedelta(hours=17, minutes=30)))

    assert dropped == ("whale", "SIGNAL_REPLACED")


def test_what_other_brackets_hold_is_not_chosen_until_they_end() -> None:
    window = Window()
    place = placed("SPY-20240311T1500-scalp")
    window.machine.handle(place)
    window.machine.handle(bar(BarSize.M60, HOUR))
    assert window.held == {place.contract.con_id}

    window.machine.handle(m.EntryAbandoned(place.idea_id, "SPY", "time-out", HOUR))
    window.machine.handle(bar(BarSize.M60, HOUR + timedelta(hours=1)))
    assert window.held == frozenset()


@given(st.integers(0, 350 * 24 * 60), st.integers(1, 800))
def test_market_minutes_count_only_while_the_market_is_open(later: int, minutes: int) -> None:
    start = datetime(2024, 1, 2, tzinfo=UTC) + timedelta(minutes=later)

    end = market_minutes_after(start, minutes)

    sessions = sessions_between(start.date() - timedelta(days=1), end.date())
    passed = (max(timedelta(0), min(x.close, end) - max(x.open, start)) for x in sessions)
    assert sum(passed, timedelta(0)) == timedelta(minutes=minutes)
