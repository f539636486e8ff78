"""The oracle's rules can break, calm is told apart from faults, and every incident is planted or says why not."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.domain.types import Side
from bot.sim.gateway.core import GatewayCore
from tests.simulation.entry_rules import MOST_IN_A_MINUTE, EntryRules, Limits
from tests.simulation.journal_rules import check_lines, check_refusals
from tests.simulation.plant_table import PLANTS, UNPLANTED, Plant
from tests.simulation.swarm import Fault, draw

AT = datetime(2011, 1, 26, 15, 30, tzinfo=UTC)
LIMITS = Limits(3, 10, Decimal(5000), Decimal("0.01"), 5, 30)


class _Found:
    """What a rule said, by its name."""

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self.asked: set[str] = set()

    def __call__(self, rule: str, holds: bool, words: str) -> None:
        del words
        self.asked.add(rule)
        if not holds:
            self.broken.add(rule)


def _refused(*ideas: str) -> list[tuple[str, str, str]]:
    rows = [("", "OrderRefused", json.dumps({"ref": f"{idea}/entry"})) for idea in ideas]
    return [*rows, ("", "Halted", json.dumps({"cause": "order_refused_storm"}))]


def test_a_storm_of_one_ideas_orders_is_no_storm() -> None:
    one, three = _Found(), _Found()
    check_refusals(_refused("a", "a", "a"), one)
    check_refusals(_refused("a", "b", "c"), three)
    assert one.broken == {"a storm is of several ideas"}
    assert three.broken == set()
    assert three.asked == one.asked


def test_lines_beyond_what_is_wanted_are_found() -> None:
    found = _Found()
    core = cast(GatewayCore, SimpleNamespace(world=SimpleNamespace(_watched=range(9))))
    check_lines(core, 9, found)
    assert not found.broken
    check_lines(core, 8, found)
    assert found.broken == {"lines are let go"}


def _order(at: datetime, **changes: Any) -> Any:
    order = {
        "action": Side.BUY,
        "tif": "GTD",
        "good_till": at,
        "quantity": 1,
        "limit_price": Decimal("0.5"),
        "con_id": 1,
    }
    return SimpleNamespace(
        at=at, order_id=1, order_ref="SPY-1/entry@1", order=SimpleNamespace(**order | changes)
    )


def _rules(found: _Found, ask: float = 0.5) -> EntryRules:
    market = SimpleNamespace(book=lambda *_: SimpleNamespace(ask=ask))
    world = SimpleNamespace(market=market, contract=lambda _: None)
    link = SimpleNamespace(clock_skew=timedelta(0), competing_session=False)
    core = cast(GatewayCore, SimpleNamespace(world=world, link=link, now=AT))
    return EntryRules(core, LIMITS, found, lambda _: float("inf"))


@pytest.mark.parametrize(
    ("order", "ask", "rule"),
    [
        (_order(AT, tif="DAY"), 0.5, "an entry ends at the broker"),
        (_order(AT, quantity=200), 0.5, "an order's notional within the limit"),
        (_order(AT), 0.01, ""),
        (_order(AT, limit_price=Decimal(4)), 0.5, "a limit belongs to its book"),
        (_order(AT.replace(hour=14, minute=31)), 0.5, "entries while the session allows them"),
        (_order(AT.replace(hour=20, minute=45)), 0.5, "entries while the session allows them"),
    ],
)
def test_an_entry_that_should_not_be_is_found(order: Any, ask: float, rule: str) -> None:
    found = _Found()
    _rules(found, ask).judge(order)
    assert found.broken == ({rule} if rule else set())


def test_order_after_order_for_one_idea_is_a_storm() -> None:
    found = _Found()
    rules = _rules(found)
    for n in range(MOST_IN_A_MINUTE):
        rules.judge(_order(AT + timedelta(seconds=n)))
    assert not found.broken
    rules.judge(_order(AT + timedelta(seconds=30)))
    assert found.broken == {"orders are no storm"}


def test_calm_is_before_between_and_after_passing_faults_and_not_after_one_that_leaves_something() -> None:
    passing, leaves = Fault(300.0, "partition", {}, 60.0), Fault(900.0, "reject", {}, 120.0)
    plan = replace(draw(5), faults=(passing, leaves), until_s=3300.0)
    assert [plan.is_calm_at(at) for at in (200, 310, 400, 600, 950, 1060, 1100)] == [
        *(True, False, False, True, False, False, True),
    ]


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.row}: {plant.words}")
def test_a_plant_replaces_what_is_there(plant: Plant) -> None:
    assert all(hasattr(owner, name) for owner, name, _ in plant.patches)


def test_every_incident_is_planted_or_says_why_not() -> None:
    planted = {plant.row for plant in PLANTS if plant.row.startswith("G")}
    argued = {row for rows in UNPLANTED for row in re.findall(r"G\d+", rows)}
    assert planted | argued == {f"G{n}" for n in range(1, 84)}
    assert not planted & argued
