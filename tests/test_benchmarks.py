"""The benchmarks' own judgement: what is missed is said, and a rise in instructions fails unless the changelog says why."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from benchmarks.backtest import figures_of
from benchmarks.counts import judged
from benchmarks.figures import Figure, ratio
from benchmarks.peers import ours, rule
from benchmarks.peers.__main__ import first_difference
from benchmarks.results import Part, as_markdown, merged, picture

KNOWN = {"decode corpus": 1_000_000}


@pytest.mark.parametrize(
    ("now", "changelog", "fails"),
    [
        (1_019_000, "", False),
        (1_021_000, "", True),
        (1_021_000, "- A check more (instructions: decode corpus).", False),
        (1_021_000, "- A check more (instructions: burst).", True),
        (900_000, "", False),
    ],
)
def test_a_rise_that_nothing_explains_fails(now: int, changelog: str, fails: bool) -> None:
    assert bool(judged({"decode corpus": now}, KNOWN, changelog)) is fails


def test_a_work_without_a_baseline_is_not_judged() -> None:
    assert judged({"new": 5}, KNOWN, "") == []


@pytest.mark.parametrize(
    ("value", "reach", "is_floor", "reached"),
    [(1.1, 1.1, False, True), (1.11, 1.1, False, False), (5.0, 5.0, True, True), (4.9, 5.0, True, False)],
)
def test_a_reach_is_a_bound_on_one_side(value: float, reach: float, is_floor: bool, reached: bool) -> None:
    assert Figure("x", value, "×", reach, is_floor=is_floor).is_reached is reached


def test_a_ratio_is_the_median_of_pairs() -> None:
    assert ratio([(1.0, 2.0), (2.0, 4.2), (100.0, 900.0)]) == 2.1


def test_what_is_missed_is_said_on_the_page_and_red_in_the_picture() -> None:
    figure = {"name": "start", "value": 2.0, "unit": "×", "reach": 1.1, "note": "", "is_floor": False}
    run = {"at": "2026-11-28T04:20:00", "machine": "m", "sessions": 1260, "figures": [figure]}
    assert "**missed**" in as_markdown(run)
    assert "#b3261e" in picture([run])


def test_a_part_that_is_measured_again_takes_its_own_place_and_leaves_the_others() -> None:
    def found(minute: int, value: float) -> Part:
        return Part(
            datetime(2026, 11, 28, 19, minute, tzinfo=UTC), 1.0, (Figure(f"{minute}", value, "ms", 5.0),)
        )

    first = merged({}, {"age": found(1, 1.0), "disk": found(2, 2.0)}, "m", 1260)
    run = merged(first["parts"], {"age": found(3, 3.0)}, "m", 1260)

    assert [x["name"] for x in run["figures"]] == ["3", "2"]
    assert run["at"] == "2026-11-28T19:03:00+00:00"
    assert "age 1.0 at 19:03, disk 1.0 at 19:02" in as_markdown(run)


def point_by_point(prints: list[int]) -> rule.Trades:
    """The rule as it reads, without an exchange and without arrays."""
    trades: rule.Trades = []
    averages, held = rule.Averages(), -1
    for number, cents in enumerate(prints):
        is_last = number % rule.PRINTS_A_MINUTE == rule.PRINTS_A_MINUTE - 1
        crosses = is_last and averages.crosses(cents / 100)
        if held >= 0:
            target, stop = rule.levels(prints[held])
            if cents >= target or cents <= stop or number == rule.last_print(held):
                trades.append((held, number, prints[held], cents))
                held = -1
        elif crosses and rule.is_entry(number % rule.PRINTS_A_DAY // rule.PRINTS_A_MINUTE):
            held = number
    return trades


def test_the_exchange_trades_the_stock_bracket_as_the_rule_reads() -> None:
    prints, trades, _ = ours.timed(ours.whole_sessions(date(2025, 1, 2), date(2025, 1, 6)))

    assert len(trades) >= 10
    assert first_difference(trades, point_by_point(prints.tolist())) == ""


def test_a_single_other_price_is_a_difference() -> None:
    assert first_difference([(3, 8, 5900, 5910)], [(3, 8, 5900, 5911)])
    assert first_difference([(3, 8, 5900, 5910)], [])


def test_every_must_of_the_backtest_stands_beside_its_figure() -> None:
    found = {
        x.name: x
        for x in figures_of({"year_cpu_s": 60.0, "processes.cpu": 1.0, "command_mib": 216.0, "other": 1.0})
    }

    assert found["sweep of 1,000 settings × a year, from the two above"].value == 500.0
    assert not found["sweep of 1,000 settings × a year, from the two above"].is_reached
    assert found["the same command, most memory"].is_reached
    assert len(found) == 3
