"""What the rules at the gateway's door find, and what they let pass; and that a need only leaves out what cannot show."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.sim.gateway.core import GatewayCore
from tests.simulation.door_rules import DoorRules
from tests.simulation.needs import after_signal, before_signal, first_then, poor
from tests.simulation.swarm import Fault, Plan, draw


class _Request(dict[str, Any]):
    def __init__(self, kind: str, **values: Any) -> None:
        super().__init__(values)
        self.kind = kind


def _order(order_id: int, ref: str, *, asks: bool = False) -> _Request:
    return _Request("placeOrder", orderId=order_id, orderRef=f"{ref}@1", whatIf=asks)


class _Door:
    """A gateway with one client, and the rules that were broken."""

    def __init__(self, *, has_memory: bool = True, faults: tuple[str, ...] = ()) -> None:
        self.link = SimpleNamespace(is_up=True)
        self.core = SimpleNamespace(
            now=datetime(2011, 1, 26, 15, 30, tzinfo=UTC), started=lambda: [1], link=self.link
        )
        self.broken: set[str] = set()
        self.rules = DoorRules(
            cast(GatewayCore, self.core),
            self._expect,
            lambda fault: 5.0 if fault in faults else float("inf"),
            lambda: has_memory,
        )

    def _expect(self, rule: str, holds: bool, words: str) -> None:
        del words
        if not holds:
            self.broken.add(rule)

    def hear(self, *requests: _Request) -> set[str]:
        for request in requests:
            self.rules.heard(request)
        return self.broken

    def later(self, seconds: float) -> set[str]:
        self.core.now += timedelta(seconds=seconds)
        self.rules.look()
        return self.broken


@pytest.mark.parametrize("second", [7, 3])
def test_an_id_that_was_used_or_passed_is_found_unless_the_disk_forgot_it(second: int) -> None:
    two = _order(7, "a/entry"), _order(second, "b/entry")
    assert _Door().hear(*two) == {"order ids rise"}
    assert _Door(has_memory=False).hear(*two) == set()


@pytest.mark.parametrize(("code", "is_found"), [(321, False), (201, True)])
def test_the_id_of_what_was_not_taken_as_an_order_is_free_again(code: int, is_found: bool) -> None:
    door = _Door()
    door.hear(_order(7, "a/stop"))
    door.rules.said("error", {"reqId": 7, "errorCode": code})
    assert bool(door.hear(_order(3, "b/stop"))) is is_found


def test_an_order_that_is_sent_under_a_second_id_is_found_and_a_change_is_not() -> None:
    assert _Door().hear(_order(7, "a/entry"), _order(8, "a/entry")) == {"an order is sent under one id"}
    assert _Door().hear(_order(7, "a/stop"), _order(7, "a/stop")) == set()
    assert _Door().hear(_order(6, "a/entry", asks=True), _order(7, "a/entry")) == set()


@pytest.mark.parametrize(
    ("answer", "faults", "is_found"),
    [((), (), True), (("orderStatus",), (), False), ((), ("partition",), False)],
)
def test_an_order_without_an_answer_that_nobody_asks_about_is_found(
    answer: tuple[str, ...], faults: tuple[str, ...], is_found: bool
) -> None:
    door = _Door(faults=faults)
    door.hear(_order(7, "a/entry"))
    for kind in answer:
        door.rules.said(kind, {"orderId": 7})
    assert door.later(40) == ({"what is unanswered is asked for"} if is_found else set())


def test_an_order_that_is_asked_about_is_no_finding() -> None:
    door = _Door()
    door.hear(_order(7, "a/entry"), _Request("reqAllOpenOrders"))
    assert door.later(40) == set()


def test_an_order_that_crossed_the_loss_of_ib_is_owed_its_question_when_ib_is_back() -> None:
    door = _Door()
    door.hear(_order(7, "a/entry"))
    door.link.is_up = False
    assert door.later(200) == set()
    door.link.is_up = True
    assert door.later(20) == set()
    assert door.later(20) == {"what is unanswered is asked for"}
    assert door.rules.came == {"a/entry": door.core.now - timedelta(seconds=240)}


def _plan(*faults: Fault, **changes: Any) -> Plan:
    return replace(draw(5), start="10:00", signals={"10:05": "bullish"}, faults=faults, **changes)


def test_a_need_is_a_fault_of_its_kind_at_its_time() -> None:
    need = after_signal("pin", low_s=10)
    assert [need(_plan(Fault(at, "pin"))) for at in (200.0, 320.0, 1000.0)] == [False, True, False]
    assert not need(_plan(Fault(320.0, "halt")))
    skew = before_signal("clock_skew", least=11)
    assert [skew(_plan(Fault(200.0, "clock_skew", {"seconds": s}))) for s in (5, -40)] == [False, True]
    both = first_then(("halt",), ("kill",))
    assert both(_plan(Fault(90.0, "halt"), Fault(150.0, "kill")))
    assert not both(_plan(Fault(90.0, "kill"), Fault(150.0, "halt")))
    assert poor(2_000)(_plan(equity=1_500))
    assert not poor(2_000)(_plan(equity=2_500))
