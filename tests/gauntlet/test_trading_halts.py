"""The exchange halts trading: nothing is bought into it, exits wait, and a person is told."""

from __future__ import annotations

import pytest

from bot.domain import messages as m
from tests.gauntlet.conftest import Stage
from tests.gauntlet.rig import BULL

pytestmark = [pytest.mark.line]


@pytest.mark.gauntlet("G54")
def test_a_trading_halt_denies_entries_and_makes_exits_wait(stage: Stage) -> None:
    rig = stage({"10:07": BULL, "10:10": BULL})
    rig.limit_s = 0.0
    rig.opened()
    rig.faults.halt_trading("SPY")
    rig.until("10:11", 15)
    assert [x.code for x in rig.all(m.EntryDenied)] == ["TRADING_HALTED"]
    (told,) = (x for x in rig.alarms if x.startswith("Trading in SPY is halted by the exchange"))
    assert "its stop cannot trigger until SPY trades again" in told
    rig.say(m.FlattenAll(rig.now, "test", "me"))
    rig.step(75, 15)
    assert not rig.all(m.ExitPosition)
    assert rig.position, "nothing is sold in a halt"
    (alarm,) = (x for x in rig.alarms if x.startswith("Cannot close"))
    assert "halted trading" in alarm
    rig.faults.resume_trading("SPY")
    rig.wait_for(lambda: not rig.position, 90, 5)
    rig.step(5)
    assert not rig.orders()


@pytest.mark.gauntlet("G54")
def test_a_stop_that_the_market_passes_in_a_trading_halt_fills_when_it_trades_again(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    rig.limit_s = 0.0
    con_id = rig.opened()
    rig.faults.halt_trading("SPY")
    rig.step(15, 5)
    rig.pin(con_id, 0.30, 0.32)
    rig.step(60, 5)
    assert rig.stopped == rig.position, "no stop triggers while nothing trades"
    rig.faults.resume_trading("SPY")
    rig.wait_for(lambda: not rig.position, 60, 5)
    rig.step(10, 5)
    (closed,) = rig.all(m.BracketClosed)
    assert (closed.exit_reason, float(closed.exit_price)) == ("stop", 0.30)


@pytest.mark.gauntlet("G54")
def test_a_price_beyond_its_bands_pauses_trading_and_nothing_is_bought_until_it_resumes(stage: Stage) -> None:
    rig = stage({"10:12": BULL, "10:22": BULL})
    rig.limit_s = 0.0
    rig.faults.luld_bands("SPY", percent=5)
    rig.until("10:10", 15)
    rig.faults.gap("SPY", -8.0)
    rig.until("10:13", 15)
    assert [x.code for x in rig.all(m.EntryDenied)] == ["TRADING_HALTED"]
    rig.until("10:21", 15)
    assert [x.title for x in rig.told if "trades again" in x.title] == ["SPY trades again"]
    rig.until("10:24", 15)
    assert rig.sent or [x.code for x in rig.all(m.EntryDenied)][1:] != ["TRADING_HALTED"]
