"""Brackets and OCA groups: what one order's fate means for the others."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.sim.exchange.events import OrderMessage
from tests.sim.pit import CALL_ID, PUT_ID, Pit, codes, statuses


def test_an_untransmitted_order_stays_with_the_exchange_without_an_answer() -> None:
    pit = Pit()

    assert pit.buy(1, 1, transmit=False) == []
    assert pit.exchange.views(None, done=False) == []


def test_the_last_child_releases_the_family_parent_first() -> None:
    pit = Pit()
    pit.bracket(2, "1.95")

    assert statuses(pit.log) == [(1, "Submitted"), (2, "PreSubmitted"), (3, "PreSubmitted")]


def test_a_stop_is_held_until_the_parent_fills() -> None:
    pit = Pit()
    pit.bracket(2, "1.95")
    pit.tick(CALL_ID, "1.60", "1.96")
    pit.tick(CALL_ID, "1.60", "1.96")
    assert (pit.view(3).is_active, pit.view(3).why_held) == (False, "child,trigger")

    pit.tick(CALL_ID, "1.85", "1.95")

    assert pit.status(1) == "Filled"
    assert (pit.status(2), pit.status(3)) == ("Submitted", "PreSubmitted")
    assert (pit.view(3).is_active, pit.view(3).why_held) == (True, "trigger")


def test_a_partly_filled_parent_activates_its_children_for_the_filled_part() -> None:
    pit = Pit()
    pit.quote(CALL_ID, "2.00", "2.10", size=3)
    pit.bracket(10)
    assert [(pit.view(n).quantity, pit.view(n).is_active) for n in (2, 3)] == [(3, True), (3, True)]

    pit.tick(CALL_ID, "2.00", "2.10", size=4)

    assert [pit.view(n).quantity for n in (1, 2, 3)] == [10, 7, 7]


def test_children_can_be_made_to_wait_for_the_whole_parent() -> None:
    pit = Pit(children_on_partial_parent=False)
    pit.quote(CALL_ID, "2.00", "2.10", size=6)
    pit.bracket(10)
    assert not pit.view(3).is_active
    pit.tick(CALL_ID, "2.00", "2.10", size=6)

    assert (pit.view(3).is_active, pit.view(3).quantity) == (True, 10)


def test_children_die_with_a_parent_that_is_cancelled_unfilled() -> None:
    pit = Pit()
    pit.bracket(2, "1.95")
    pit.cancel(1)

    assert [pit.status(n) for n in (1, 2, 3)] == ["Cancelled"] * 3


@pytest.mark.parametrize("at_once", [True, False])
def test_what_a_cancelled_parent_had_filled_stays_covered(at_once: bool) -> None:
    pit = Pit(children_on_partial_parent=at_once)
    pit.quote(CALL_ID, "2.00", "2.10", size=3)
    pit.bracket(10)
    pit.cancel(1)

    assert pit.status(1) == "Cancelled"
    assert [(pit.view(n).quantity, pit.view(n).remaining) for n in (2, 3)] == [(3, 3), (3, 3)]
    assert all(pit.view(n).is_active for n in (2, 3))


def test_the_target_ends_the_stop() -> None:
    pit = Pit()
    pit.bracket(2)
    pit.tick(CALL_ID, "2.50", "2.60")

    assert [pit.status(n) for n in (1, 2, 3)] == ["Filled", "Filled", "Cancelled"]
    assert pit.account.held(CALL_ID) == 0
    assert statuses(pit.log)[-1] == (3, "Cancelled")


def test_a_stop_that_fires_ends_the_target() -> None:
    pit = Pit()
    pit.bracket(2)
    pit.tick(CALL_ID, "1.70", "1.80")
    pit.tick(CALL_ID, "1.70", "1.80")

    assert [pit.status(n) for n in (1, 2, 3)] == ["Filled", "Cancelled", "Filled"]


def test_type_1_ends_the_siblings_at_the_first_partial_execution() -> None:
    pit = Pit()
    pit.bracket(10)
    pit.tick(CALL_ID, "2.50", "2.60", size=4)

    assert (pit.status(2), pit.view(2).filled, pit.status(3)) == ("Submitted", 4, "Cancelled")


def test_type_1_can_be_told_to_wait_for_the_whole_execution() -> None:
    pit = Pit(oca_cancels_on_partial=False)
    pit.bracket(10)
    pit.tick(CALL_ID, "2.50", "2.60", size=4)
    assert (pit.status(3), pit.view(3).remaining) == ("PreSubmitted", 6)
    pit.tick(CALL_ID, "2.50", "2.60", size=6)

    assert pit.status(3) == "Cancelled"


@pytest.mark.parametrize("oca_type", [2, 3])
def test_types_2_and_3_reduce_the_siblings(oca_type: int) -> None:
    pit = Pit()
    pit.bracket(10, oca_type=oca_type)
    pit.tick(CALL_ID, "2.50", "2.60", size=4)
    assert (pit.view(2).remaining, pit.view(3).remaining) == (6, 6)
    pit.tick(CALL_ID, "2.50", "2.60", size=6)

    assert (pit.status(2), pit.status(3)) == ("Filled", "Cancelled")


def _two_exits(pit: Pit, oca_type: int) -> None:
    """Two sells of 5 that the same quote fills, grouped by hand."""
    pit.hold(5)
    pit.sell(1, 5, "2.50", oca_group="g", oca_type=oca_type)
    pit.sell(2, 5, "2.50", oca_group="g", oca_type=oca_type)
    pit.tick(CALL_ID, "2.60", "2.70")


@pytest.mark.parametrize("oca_type", [1, 2])
def test_with_block_two_members_never_fill_on_one_quote(oca_type: int) -> None:
    pit = Pit()
    _two_exits(pit, oca_type)

    assert pit.account.held(CALL_ID) == 0


def test_without_block_two_members_may_overfill() -> None:
    pit = Pit()
    _two_exits(pit, 3)

    assert pit.account.held(CALL_ID) == -5


def test_children_without_a_group_form_one_of_their_own() -> None:
    pit = Pit()
    pit.buy(1, 2, "2.10", transmit=False)
    pit.sell(2, 2, "2.50", parent_id=1, transmit=False)
    pit.stop(3, 2, "1.80", parent_id=1)
    pit.tick(CALL_ID, "2.50", "2.60")

    assert (pit.status(2), pit.status(3)) == ("Filled", "Cancelled")
    assert pit.view(2).oca_group == str(pit.view(1).perm_id)


def test_a_client_who_cancels_one_member_ends_the_group() -> None:
    pit = Pit()
    pit.bracket(2)
    pit.cancel(2)

    assert (pit.status(2), pit.status(3)) == ("Cancelled", "Cancelled")


def test_the_group_can_be_made_to_survive_a_clients_cancel() -> None:
    pit = Pit(oca_client_cancel_ends_group=False)
    pit.bracket(2)
    pit.cancel(2)

    assert (pit.status(2), pit.status(3)) == ("Cancelled", "PreSubmitted")


def test_a_child_whose_parent_nobody_knows_is_refused() -> None:
    pit = Pit()

    assert codes(pit.stop(3, 1, "1.80", parent_id=77)) == [135]


def test_a_rejected_parent_takes_its_children_with_it() -> None:
    pit = Pit(equity=100)
    pit.bracket(10)

    assert [pit.status(n) for n in (1, 2, 3)] == ["Inactive", "Cancelled", "Cancelled"]


def test_a_child_may_be_moved_only_without_naming_a_parent_that_is_gone() -> None:
    pit = Pit()
    pit.bracket(2)
    assert codes(pit.sell(2, 2, "2.60", parent_id=1, tif="GTC")) == [135]

    pit.sell(2, 2, "2.60", tif="GTC")

    assert str(pit.view(2).order.limit_price) == "2.60"
    assert pit.view(2).oca_group == "family"


def test_an_oca_group_cannot_be_changed_afterwards() -> None:
    pit = Pit()
    pit.bracket(2)

    assert codes(pit.sell(2, 2, "2.60", oca_group="other")) == [10326]


def test_a_family_in_one_contract_does_not_disturb_another() -> None:
    pit = Pit()
    pit.bracket(2)
    pit.buy(7, 1, "1.00", con_id=PUT_ID)
    pit.tick(CALL_ID, "2.50", "2.60")

    assert pit.status(7) == "Submitted"


def test_a_fill_may_overtake_a_cancel_that_takes_its_time() -> None:
    pit = Pit(cancel_latency=timedelta(seconds=20))
    pit.buy(1, 1, "1.95")
    assert pit.cancel(1) == []
    assert codes(pit.cancel(1)) == [10148]
    pit.tick(CALL_ID, "1.85", "1.95")

    assert pit.status(1) == "Filled"
    assert [
        e for e in pit.exchange.run_due(pit.now + timedelta(minutes=1)) if isinstance(e, OrderMessage)
    ] == []
