"""The rules between books and journal can break: each is shown what it must find, and what it must let pass."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.domain.types import Side
from bot.sim.gateway.core import GatewayCore
from tests.simulation.book_rules import BookRules

AT = datetime(2011, 1, 26, 15, 30, tzinfo=UTC)
Found = set[str]


def _sell(group: str, quantity: int, order_id: int) -> Any:
    contract = SimpleNamespace(con_id=7)
    return SimpleNamespace(
        client_id=1,
        order_id=order_id,
        is_alive=True,
        is_active=True,
        side=Side.SELL,
        contract=contract,
        oca_group=group,
        remaining=quantity,
    )


class _Books:
    """A gateway with some orders and positions, and the rules that were broken."""

    def __init__(self, *orders: Any, held: int = 0, faults: tuple[str, ...] = ()) -> None:
        position = SimpleNamespace(contract=SimpleNamespace(con_id=7), quantity=held)
        stop, target = (
            SimpleNamespace(
                order=SimpleNamespace(type=kind, order_ref=f"a/{leg}@1"),
                order_id=order_id,
                oca_group="g",
                is_active=True,
                contract=position.contract,
            )
            for kind, leg, order_id in (("STP", "stop", 5), ("LMT", "target", 4))
        )
        world = SimpleNamespace(
            cancel=lambda *_: [],
            order=lambda _, order_id: {5: stop, 4: target}[order_id],
            open_orders=lambda *_: [stop, target],
            positions=lambda: [position] if held else [],
            _exchange=SimpleNamespace(alive=lambda: orders),
        )
        self.core = SimpleNamespace(world=world, now=AT)
        self.broken: Found = set()
        self.rules = BookRules(
            cast(GatewayCore, self.core),
            self._expect,
            lambda: True,
            lambda fault: 5.0 if fault in faults else float("inf"),
            set(),
        )

    def _expect(self, rule: str, holds: bool, words: str) -> None:
        del words
        if not holds:
            self.broken.add(rule)

    def look(self, held: dict[int, int]) -> Found:
        """Twice, two minutes apart."""
        self.rules.look(held)
        self.core.now += timedelta(minutes=2)
        self.rules.look(held)
        return self.broken

    def close(self, *rows: tuple[str, dict[str, Any]], executed: tuple[Any, ...] = ()) -> Found:
        written = [(AT.isoformat(), kind, json.dumps(body)) for kind, body in rows]
        self.core.now = AT + timedelta(hours=1)
        self.rules.close(written, executed, may_differ=False)
        return self.broken


def _fill(ref: str, side: str = "BUY", quantity: int = 2) -> tuple[str, dict[str, Any]]:
    fill = {"exec_id": "e1", "order_ref": ref, "side": side, "quantity": quantity, "contract": {"con_id": 7}}
    return "FillBooked", {"fill": fill}


def _executed(ref: str) -> Any:
    return SimpleNamespace(execution=SimpleNamespace(exec_id="e1", order_ref=ref, price=Decimal(1)))


def test_target_and_stop_of_one_group_sell_once_and_without_it_twice() -> None:
    assert _Books(_sell("g", 2, 1), _sell("g", 2, 2)).look({7: 2}) == set()
    assert _Books(_sell("", 2, 1), _sell("", 2, 2)).look({7: 2}) == {"no more is offered than is held"}


def test_an_entry_that_sells_is_found() -> None:
    books = _Books()
    for action, broken in ((Side.BUY, set()), (Side.SELL, {"an entry buys"})):
        order = SimpleNamespace(action=action)
        books.rules.received(SimpleNamespace(at=AT, order_ref="a/entry@1", order=order))
        assert books.broken == broken


@pytest.mark.parametrize(
    ("held", "faults", "is_tried", "is_found"),
    [(2, (), False, True), (2, (), True, False), (0, (), False, False), (2, ("move_stop",), False, False)],
)
def test_a_stop_that_is_cancelled_before_any_close_is_found(
    held: int, faults: tuple[str, ...], is_tried: bool, is_found: bool
) -> None:
    books = _Books(held=held, faults=faults)
    if is_tried:
        order = SimpleNamespace(action=Side.SELL)
        books.rules.received(SimpleNamespace(at=AT, order_ref="a/flatten@1", order=order))
    books.core.world.cancel(1, 5)
    assert books.broken == ({"a close is tried before the stop is given up"} if is_found else set())


def test_a_target_that_takes_its_stop_with_it_is_found() -> None:
    books = _Books(held=2)
    books.core.world.cancel(1, 4)
    assert books.broken == {"a close is tried before the stop is given up"}


def test_an_order_that_is_called_refused_and_trades_is_found() -> None:
    refused = ("OrderRefused", {"ref": "a/entry"})
    assert _Books().close(refused) == set()
    assert _Books(held=2).close(refused, executed=(_executed("a/entry@1"),)) == {
        "what is called refused is dead"
    }


def test_a_fill_on_another_orders_account_is_found() -> None:
    fill = _fill("a/target")
    assert _Books(held=2).close(fill, executed=(_executed("a/target@1"),)) == set()
    assert _Books(held=2).close(fill, executed=(_executed("a/entry@1"),)) == {
        "a fill is booked on its own order"
    }


def test_a_bracket_that_neither_ends_nor_is_held_is_found() -> None:
    placed = ("PlaceBracket", {"idea_id": "a"})
    assert _Books().close(placed) == {"a bracket ends, or is held"}
    assert _Books().close(placed, ("EntryAbandoned", {"idea_id": "a"})) == set()
    assert _Books(held=2).close(placed, _fill("a/entry")) == set()


def test_a_difference_that_is_none_is_found() -> None:
    named = ("Reconciled", {"mismatches": ["SPY: 2 in the books, 0 at the broker"]})
    assert _Books(held=2).close(_fill("a/entry"), named) == {"what is named as different is"}
    assert _Books(held=0).close(_fill("a/entry"), named) == set()
