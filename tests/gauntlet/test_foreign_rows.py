"""What the account holds besides the bot's own: it is told once, and the bot trades on."""

from __future__ import annotations

import pytest

from bot.domain import broker_messages as b
from tests.gauntlet.conftest import Stage
from tests.gauntlet.rig import BULL

pytestmark = [pytest.mark.line]


@pytest.mark.gauntlet("G47", "G48")
def test_fractions_and_currencies_are_listed_and_one_refused_entry_is_not_a_storm(stage: Stage) -> None:
    rig = stage({"10:07": BULL, "10:14": BULL}, run=False)
    fraction = {"kind": "position", "account": "DU1234567", "conId": 8894, "symbol": "KO", "secType": "STK"}
    euro = {"kind": "position", "account": "DU1234567", "conId": 12087792, "symbol": "EUR", "secType": "CASH"}
    rest = {"lastTradeDateOrContractMonth": "", "strike": 0, "right": "", "multiplier": "", "exchange": ""}
    rest |= {"currency": "USD", "localSymbol": "", "tradingClass": "", "avgCost": 1.0}
    rig.faults.message("positionEnd", "insert", count=None, fields={**rest, **fraction, "position": 0.4528})
    rig.faults.message("positionEnd", "insert", count=None, fields={**rest, **euro, "position": -1523.37})
    rig.faults.reject(201, "Order rejected - reason:Limit price too far outside of NBBO", action="BUY")
    rig.start()
    rig.wait_for(lambda: bool(rig.all(b.OrderRefused)), 240, 15)
    assert not rig.position
    assert len({x.ref.rpartition("/")[0] for x in rig.all(b.OrderRefused)}) == 1
    rig.wait_for(lambda: bool(rig.position), 480, 15)
    rig.step(2)
    assert rig.halts == set()
    assert len(rig.life.board.status.foreign) == 2
