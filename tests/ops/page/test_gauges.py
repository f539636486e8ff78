"""How near the limits are: by the limits in force, and by an equity whose hour is told."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.limits import messages as lm
from bot.ops.metrics.endpoint import Metrics
from bot.ops.metrics.family import Constants
from bot.ops.page.build import live_document
from bot.risk.limit_book import CANARY, LOOSER_ABOVE, LimitBook, limits_in_force
from bot.risk.limits import RiskLimits
from tests.journal.makers import BAR_END
from tests.ops.page.moments import QUIET, Moment
from tests.ops.scrape import scraped, value

UNTIL = BAR_END + timedelta(days=1)


def row(limit: str, value_now: str) -> lm.LimitLoosened:
    return lm.LimitLoosened(BAR_END, limit, Decimal(0), Decimal(value_now), UNTIL, "a reason", "me")


def texts(changed: lm.LimitsChanged | None) -> dict[str, str]:
    moment = Moment(QUIET if changed is None else [*QUIET, changed])
    document = live_document(moment.builder.status, moment.recorder.picture(), Constants(), {})
    return {gauge.name: gauge.text for gauge in document.gauges}


def test_the_gauges_count_against_a_loosened_limit() -> None:
    loosened = (row("max_daily_loss_pct", "0.10"), row("max_contracts_per_day", "80"))
    before, after = texts(None), texts(lm.LimitsChanged(BAR_END, loosened=loosened))
    assert (before["daily loss"], after["daily loss"]) == (
        "10 of 2,500 USD, equity of 10:31", "10 of 5,000 USD, equity of 10:31",
    )  # fmt: skip
    assert (before["contracts today"], after["contracts today"]) == ("0 of 50", "0 of 80")


def test_the_guard_s_metrics_count_against_a_loosened_limit() -> None:
    moment = Moment([*QUIET, lm.LimitsChanged(BAR_END, loosened=(row("max_daily_loss_pct", "0.10"),))])
    metrics = Metrics()
    metrics.watch(lambda: moment.builder.status)
    labels = {"guard": "daily_loss", "currency": "USD"}
    assert value(scraped(metrics), "ibbot_loss_guard_limit", labels) == 5000.0


@given(
    loosened=st.dictionaries(
        st.sampled_from(sorted(LOOSER_ABOVE)), st.integers(0, 100).map(Decimal), max_size=3
    ),
    canary=st.none() | st.integers(1, 8),
    sessions=st.integers(0, 3),
)
def test_what_is_shown_as_in_force_is_what_risk_compares_with(
    loosened: dict[str, Decimal], canary: int | None, sessions: int
) -> None:
    settings = RiskLimits(is_live=True)
    book = LimitBook(settings)
    for n in range(sessions):
        book.count(lm.LiveSessionTraded(BAR_END, f"2010-12-0{n + 1}"))
    for name, amount in loosened.items():
        book.loosen(row(name, str(amount)))
    if canary is not None:
        book.loosen(row(CANARY, str(canary)))
    (changed,) = book.changes(BAR_END)
    assert isinstance(changed, lm.LimitsChanged)
    assert limits_in_force(settings, changed) == book.in_force(BAR_END)
