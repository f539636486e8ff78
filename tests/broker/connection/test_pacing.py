"""The limiter: what it lets through never breaks a limit, whatever is asked when."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from types import ModuleType

from hypothesis import given
from hypothesis import strategies as st

from bot.broker.connection.context import BrokerContext
from bot.broker.connection.pacing import HistoryPacer, MessagePacer, Pacers, Window
from bot.broker.connection.settings import BrokerSettings, PacingLimits

GAPS = st.lists(st.floats(0, 0.2), max_size=200)


def most_within(times: list[float], span_s: float) -> int:
    return max((sum(1 for t in times if start <= t < start + span_s) for start in times), default=0)


@given(GAPS, st.booleans())
def test_never_more_messages_than_the_limit_in_any_second(gaps: list[float], is_urgent: bool) -> None:
    pacer, now, sent = MessagePacer(PacingLimits()), 0.0, []
    for gap in gaps:
        now += gap
        if pacer.take(now, is_urgent=is_urgent) <= 0:
            sent.append(now)
    assert most_within(sent, 1.0) <= 40


@given(st.lists(st.tuples(st.floats(0, 0.2), st.booleans(), st.integers(1, 4)), max_size=200))
def test_what_must_leave_together_is_counted_together(asked: list[tuple[float, bool, int]]) -> None:
    pacer, now, sent = MessagePacer(PacingLimits()), 0.0, []
    for gap, is_urgent, count in asked:
        now += gap
        if pacer.take(now, is_urgent=is_urgent, count=count) <= 0:
            sent += [now] * count
    assert most_within(sent, 1.0) <= 40


def test_a_line_that_is_built_again_goes_on_counting_where_the_last_one_was() -> None:
    of_the_process = Pacers()
    messages, history = of_the_process.of(PacingLimits(), 1.0)
    messages.take(0.0, is_urgent=True, count=40)
    history.take(0.0, "SPY", "a day of SPY")
    messages, history = of_the_process.of(PacingLimits(), 1.0)
    assert messages.take(0.5, is_urgent=True) > 0
    assert history.take(0.5, "SPY", "a day of SPY") > 0


@given(GAPS)
def test_waiting_as_told_is_enough(gaps: list[float]) -> None:
    pacer, now = MessagePacer(PacingLimits(messages_per_s=10)), 0.0
    for gap in gaps:
        now += gap / 10
        wait = pacer.take(now, is_urgent=True)
        if wait > 0:
            now += wait
            assert pacer.take(now, is_urgent=True) <= 1e-9


def test_orders_pass_when_data_requests_have_used_their_share() -> None:
    pacer = MessagePacer(PacingLimits(messages_per_s=40, reserved_for_orders=8))
    let_through = sum(pacer.take(0.0, is_urgent=False) <= 0 for _ in range(100))
    assert let_through == 32
    assert sum(pacer.take(0.0, is_urgent=True) <= 0 for _ in range(100)) == 8


def test_in_fast_time_a_second_is_shorter() -> None:
    pacer = MessagePacer(PacingLimits(messages_per_s=1, reserved_for_orders=0), span_s=0.05)
    assert pacer.take(10.0, is_urgent=True) <= 0
    assert 0.04 < pacer.take(10.001, is_urgent=True) < 0.05


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(0, 2), st.integers(0, 2)), max_size=150))
def test_history_requests_never_break_a_limit(asked: list[tuple[float, int, int]]) -> None:
    pacer, now, sent = HistoryPacer(PacingLimits()), 0.0, []
    for gap, contract, whole in asked:
        now += gap
        if pacer.take(now, contract, (contract, whole)) <= 0:
            sent.append((now, contract, (contract, whole)))
    assert most_within([at for at, _, _ in sent], 600.0) < 60
    for contract in range(3):
        assert most_within([at for at, of, _ in sent if of == contract], 2.0) < 6
        for whole in range(3):
            same = [at for at, _, of in sent if of == (contract, whole)]
            assert all(later - earlier > 15 for earlier, later in itertools.pairwise(same))


def test_old_requests_are_forgotten() -> None:
    pacer = HistoryPacer(PacingLimits())
    for n in range(200):
        pacer.take(n * 60.0, n, n)
    assert len(pacer._last) + len(pacer._by_contract) <= 4


def test_a_window_frees_its_places_one_by_one() -> None:
    window = Window(2, 10.0)
    window.note(0.0)
    window.note(4.0)
    assert window.wait_s(5.0) == 5.0
    assert window.wait_s(10.0) == 0.0


def test_two_bursts_leave_so_far_apart_that_the_networks_jitter_puts_no_two_into_one_second() -> None:
    """Seed 34200226: 32 and 32 a second apart came within 0.99 s, and the gateway closed the connection."""
    settings = BrokerSettings()
    link = BrokerContext(
        settings, ModuleType("none"), lambda: datetime.now(UTC), 1.0, lambda _: None, lambda _: None
    )
    now = 0.0
    left: list[float] = []
    while len(left) < 200:
        wait = link._messages.take(now, is_urgent=False)
        if wait <= 0:
            left.append(now)
        now += max(wait, 0.0)
    assert most_within(left, 1.05) <= settings.pacing.messages_per_s
