"""Orders, fills and brackets: what goes wrong between the entry and its two exits."""

from __future__ import annotations

import pytest

from bot.domain import messages as m
from tests.gauntlet.conftest import Stage
from tests.gauntlet.rig import BULL

pytestmark = [pytest.mark.line]


@pytest.mark.gauntlet("G28")
def test_a_plain_trade_is_protected_from_its_first_fill_to_its_end(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    con_id = rig.opened()
    paid = rig.price_paid()
    rig.pin(con_id, round(paid * 1.5, 2), round(paid * 1.5 + 0.02, 2))
    rig.wait_for(lambda: not rig.position, 60)
    rig.step(5)
    assert [x.exit_reason for x in rig.all(m.BracketClosed)] == ["target"]
    assert not rig.orders()
