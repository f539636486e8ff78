"""What a backtest does not show risk one by one trips no breaker, in whatever order it comes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.messages import DayOpened, EquityMarked
from bot.risk.breakers import Losses, is_clear, standing
from bot.risk.limits import RiskLimits

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
WORTH = st.integers(40_000, 60_000).map(Decimal)


def opened(start: Decimal) -> Losses:
    losses = Losses()
    losses.open_day(DayOpened("2026-03-02", AT, start))
    losses.mark(EquityMarked(AT, start, Decimal(0), start))
    return losses


@given(WORTH, st.lists(WORTH, min_size=1, max_size=6))
def test_a_clear_stretch_trips_nothing_in_any_order(start: Decimal, worths: list[Decimal]) -> None:
    losses, limits = opened(start), RiskLimits()
    is_said_clear = is_clear(losses, min(worths), max(worths), AT, limits)
    has_tripped = False
    for worth in worths:
        losses.mark(EquityMarked(AT, worth, worth - start, worth))
        has_tripped = has_tripped or bool(standing(losses, worth, AT, limits))
    assert not (is_said_clear and has_tripped)


def test_small_moves_are_clear_and_a_day_that_is_not_open_is_not() -> None:
    losses, limits = opened(Decimal(50_000)), RiskLimits()
    assert is_clear(losses, Decimal(49_990), Decimal(50_010), AT, limits)
    assert not is_clear(losses, Decimal(40_000), Decimal(50_010), AT, limits)
    assert not is_clear(losses, Decimal(49_990), Decimal(50_010), AT + timedelta(days=1), limits)
    assert not is_clear(Losses(), Decimal(49_990), Decimal(50_010), AT, limits)
