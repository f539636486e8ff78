"""What the rare faults do: each reaches what it is drawn for, and ends."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.simulation.outcome import Outcome
from tests.simulation.rare_draws import RARE, SHARE, UNSET
from tests.simulation.swarm import Fault, draw
from tests.simulation.universe import simulate

QUIET = replace(
    draw(5),
    faults=(),
    until_s=1800.0,
    signals={"10:05": "bullish"},
    start="10:00",
    equity=50_000,
    variables={},
)


def run(do: str, at_s: float, lasts_s: float, **how: Any) -> Outcome:
    return simulate(replace(QUIET, faults=(Fault(at_s, do, how, lasts_s),)))


def said(done: Outcome, kind: str, field: str) -> set[str]:
    return {str(json.loads(body)[field]) for _, name, body in done.rows if name == kind}


def test_one_run_in_four_draws_a_rare_fault_and_the_others_mean_what_they_meant() -> None:
    names = {do for do, _ in RARE.values()} - {"reject", "say", "odd_status"}
    have = [bool(names & {fault.do for fault in draw(seed).faults}) for seed in range(400)]
    assert 0.05 < sum(have) / len(have) < SHARE


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"initMarginAfter": UNSET}, "MARGIN_UNKNOWN"),
        ({"initMarginAfter": "9000000.0"}, "MARGIN_INSUFFICIENT"),
    ],
)
def test_a_what_if_answer_without_a_figure_denies_by_its_name(fields: dict[str, str], code: str) -> None:
    done = run("odd_margin", 200.0, 200.0, fields=fields, seconds=200.0)
    assert done.failures == []
    assert said(done, "EntryDenied", "code") == {code}


@pytest.mark.slow
def test_equity_that_makes_no_sense_halts_and_funds_that_are_unknown_deny() -> None:
    worthless = run("odd_figures", 200.0, 200.0, key="NetLiquidation", value="-250.00", seconds=200.0)
    assert worthless.failures == []
    assert said(worthless, "Halted", "cause") == {"equity_missing"}
    unknown = run("odd_figures", 200.0, 200.0, key="AvailableFunds", value="NaN", seconds=200.0)
    assert unknown.failures == []
    assert said(unknown, "EntryDenied", "code") == {"FUNDS_UNKNOWN"}


@pytest.mark.slow
def test_three_writes_that_fail_within_minutes_end_the_process_with_a_halt_on_disk() -> None:
    done = run("write_errors", 200.0, 200.0, count=3, every_s=60.0)
    assert done.failures == []
    assert said(done, "Halted", "cause") == {"repeated_failure"}


@pytest.mark.slow
@pytest.mark.parametrize(("book", "code"), [("wide", "SPREAD_WIDE_PCT"), ("no bid", "QUOTE_ONE_SIDED")])
def test_a_book_that_nobody_can_trade_on_drops_the_idea(book: str, code: str) -> None:
    done = run("odd_books", 200.0, 200.0, book=book, seconds=200.0)
    assert done.failures == []
    assert said(done, "IdeaDropped", "code") == {code}
