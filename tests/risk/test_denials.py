"""Every denial code is produced by a situation here, and a code without one fails the count."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.domain.types import Direction
from bot.risk.denials import DenialCode, figure_text
from tests.risk.house import (
    NOON,
    approve,
    opened,
    put,
)
from tests.risk.situations import SITUATIONS


@pytest.mark.parametrize("code", SITUATIONS, ids=str)
def test_a_situation_is_denied_with_its_own_code(code: DenialCode) -> None:
    said = SITUATIONS[code]()

    assert said.code == code, said.numbers
    assert said.idea_id


def test_every_code_has_a_situation() -> None:
    assert set(SITUATIONS) == set(DenialCode)


def test_a_denial_states_the_figures_that_decided() -> None:
    said = SITUATIONS[DenialCode.SIZE_ZERO]()

    assert said.numbers["risk_per_contract_usd"] == "45.1"
    assert said.numbers["equity_usd"] == "10000"
    assert (said.numbers["cap_risk"], said.numbers["cap_loss_budget"]) == ("0", "11")


def test_a_figure_is_shown_plainly() -> None:
    shown = [
        figure_text(x) for x in (Decimal("1E+3"), Decimal("0.123456"), None, True, 3, Decimal("NaN"), NOON)
    ]

    assert shown == ["1000", "0.1235", "unknown", "yes", "3", "NaN", "2024-03-11T16:00:00+00:00"]


def test_the_first_fine_idea_is_approved() -> None:
    bracket = approve(opened())

    assert bracket.quantity == 2
    assert (bracket.stop, bracket.entry_limit, bracket.target) == (
        Decimal("1.60"),
        Decimal("2.00"),
        Decimal("2.60"),
    )


def test_a_bearish_idea_beside_a_bullish_one_is_approved() -> None:
    machine = opened()
    approve(machine)

    assert approve(machine, put()).contract.right is Direction.BEARISH.right
