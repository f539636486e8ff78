"""What must survive: halts, losses, debounce, adopted positions, and the disk itself."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.errors import StopTheOther
from bot.ops.process.instance_lock import InstanceLock
from tests.gauntlet.conftest import Stage
from tests.gauntlet.rig import BULL
from tests.gauntlet.test_data import denials
from tests.gauntlet.test_orders import buys, reasons, sells, to_stop, to_target

pytestmark = [pytest.mark.line, pytest.mark.slow]


@pytest.mark.gauntlet("G23", "K1", "K2")
def test_a_halt_survives_a_kill_and_keeps_protection(stage: Stage) -> None:
    rig = stage({"10:07": BULL, "10:12": BULL})
    rig.opened()
    rig.say(m.HaltTrading(rig.now, "lunch", "me"))
    rig.step(1)
    rig.restart()
    rig.until("10:14")
    assert rig.halts == {"operator"}
    assert denials(rig) == ["STATE_HALTED"]
    assert rig.stopped == rig.position != {}


@pytest.mark.gauntlet("K2", "G23")
def test_a_halt_calls_the_resting_entry_back(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    rig.until("10:06")
    rig.faults.exchange(displayed_size=0)
    rig.until("10:07", 15)
    rig.wait_for(lambda: bool(rig.orders()), 10)
    rig.say(m.HaltTrading(rig.now, "stop", "me"))
    rig.step(10)
    assert not rig.orders()
    assert not rig.position


@pytest.mark.gauntlet("G23", "K3")
@pytest.mark.parametrize("value", ["nan", "", "0"])
def test_an_equity_that_is_no_number_halts(stage: Stage, value: str) -> None:
    rig = stage({"10:12": BULL}, run=False)
    rig.faults.message("updateAccountValue", "rewrite", count=None, fields={"value": value})
    rig.start()
    rig.until("10:14")
    assert not rig.sent
    assert "equity_missing" in rig.halts or "EQUITY_UNKNOWN" in denials(rig), (rig.halts, denials(rig))


@pytest.mark.gauntlet("G23", "K3")
def test_a_daily_loss_halts_and_is_measured_from_the_same_start_after_a_kill(stage: Stage) -> None:
    rig = stage(
        {"10:07": BULL, "10:20": BULL}, RISK__MAX_DAILY_LOSS_PCT="0.005", RISK__MAX_RISK_PCT_PER_TRADE="0.005"
    )
    con_id = rig.opened()
    rig.restart()
    to_stop(rig, con_id, 0.5)
    rig.wait_for(lambda: not rig.position, 60)
    rig.step(5)
    rig.restart()
    rig.until("10:22")
    assert "daily_loss" in rig.halts
    assert len({x.day for x in rig.all(m.DayOpened)}) == len(rig.all(m.DayOpened)) == 1
    assert denials(rig) == ["STATE_HALTED"]


@pytest.mark.gauntlet("G23", "B4")
def test_a_signal_is_not_repeated_by_the_life_after_it(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    rig.opened()
    rig.restart()
    rig.until("10:10")
    assert len(rig.all(m.TradeIdea)) == 1
    assert buys(rig) == 10


@pytest.mark.gauntlet("G37", "F2", "F4")
def test_a_position_sold_by_hand_has_its_exits_called_back_and_halts(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    con_id = rig.opened()
    rig.faults.exchange(both_sides_reject=False)
    rig.faults.manual_order(con_id, "SELL", rig.position[con_id])
    rig.step(20)
    assert not rig.position
    assert not rig.orders()
    assert "reconciliation_mismatch" in rig.halts
    assert reasons(rig) == ["closed by another hand"]


@pytest.mark.gauntlet("G37")
def test_a_part_sold_by_hand_leaves_stops_for_the_rest_alone(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    con_id = rig.opened()
    rig.faults.manual_order(con_id, "SELL", 4)
    rig.step(20)
    assert rig.position == rig.stopped == {con_id: 6}
    to_target(rig, con_id)
    rig.wait_for(lambda: not rig.position, 60)
    rig.step(10)
    assert not rig.orders()


@pytest.mark.gauntlet("G37", "X3")
def test_a_position_bought_by_hand_is_named_and_locks_entries(stage: Stage) -> None:
    rig = stage({"10:12": BULL})
    rig.until("10:07")
    con_id = rig.ask(lambda core: next(c for c in core.world._watched if core.world.contract(c).right == "C"))  # type: ignore[union-attr]
    rig.judge.foreign.add(con_id)
    rig.faults.manual_order(con_id, "BUY", 3)
    rig.step(30, 10)
    assert "reconciliation_mismatch" in rig.halts
    assert not rig.sent


@pytest.mark.gauntlet("G33")
@pytest.mark.parametrize("disk", ["full", "read only"])
def test_a_disk_that_takes_nothing_stops_the_line_and_leaves_protection_at_the_broker(
    stage: Stage, disk: str
) -> None:
    rig = stage({"10:07": BULL, "10:12": BULL})
    con_id = rig.opened()
    journal = rig.life.journal
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    full, read_only = f"PRAGMA max_page_count={pages}", "PRAGMA query_only=ON"  # as a card mounted ro answers
    journal._db.execute(full if disk == "full" else read_only)
    rig.until("10:14")
    failed = rig.life.supervisor.failed
    assert failed is not None
    assert "cannot write" in failed.error
    assert len({x for x in rig.sent if x.endswith("/entry")}) == 1
    assert rig.stopped == rig.position
    rig.kill()
    to_target(rig, con_id)
    rig.step(30, 15)
    rig.start()
    rig.step(10)
    assert reasons(rig) == ["target"]


@pytest.mark.gauntlet("G33")
def test_a_journal_that_lost_what_followed_the_order_is_mended_from_the_brokers_evidence(
    stage: Stage,
) -> None:
    rig = stage({"10:07": BULL})
    con_id = rig.opened()
    rig.kill()
    forget_from(rig.directory / "journal.db", "SendOrders", after=1)
    rig.start()
    assert rig.life.repair is not None
    rig.step(20)
    assert "disk_failure" in rig.halts
    assert rig.stopped == rig.position == {con_id: 10}
    to_target(rig, con_id)
    rig.wait_for(lambda: not rig.position, 60)
    rig.step(10)
    assert sells(rig) == buys(rig)
    assert not rig.orders()


@pytest.mark.gauntlet("G33")
def test_a_journal_that_lost_the_order_itself_takes_it_over_from_the_broker(stage: Stage) -> None:
    rig = stage({"10:07": BULL, "10:20": BULL})
    con_id = rig.opened()
    rig.kill()
    forget_from(rig.directory / "journal.db", "PlaceBracket", after=0)
    rig.start()
    assert rig.life.repair is not None
    rig.until("10:24")
    assert rig.halts == {"disk_failure"}
    assert rig.stopped == rig.position == {con_id: 10}
    assert len({x for x in rig.sent if x.endswith("/entry")}) == 1
    assert [x.place.contract.con_id for x in rig.all(m.BracketAdopted)] == [con_id]
    to_target(rig, con_id)
    rig.wait_for(lambda: not rig.position, 60)
    rig.step(10)
    assert reasons(rig) == ["target"]


@pytest.mark.gauntlet("G33", "F4")
def test_a_card_that_lost_everything_is_replaced_while_a_position_is_held(stage: Stage) -> None:
    """No backup, an empty folder: the orders at the broker say whose they are, and what they did is booked. Nothing new
    is begun before a person has looked, since a halt may be lost with the rest."""
    rig = stage({"10:07": BULL})
    con_id = rig.opened()
    rig.kill()
    for part in rig.directory.glob("journal.db*"):
        part.unlink()
    rig.start()
    rig.step(5)
    assert rig.halts == {"disk_failure"}
    assert rig.stopped == rig.position == {con_id: 10}
    to_target(rig, con_id)
    rig.wait_for(lambda: not rig.position, 60)
    rig.step(10)
    assert reasons(rig) == ["target"]
    rig.say(m.ResumeTrading(rig.now, "compared with TWS", "me"))
    rig.step(1)
    rig.restart()
    assert not rig.halts


@pytest.mark.gauntlet("G33", "F4")
def test_a_backup_from_before_the_trade_is_restored_while_it_runs_and_after_it_ended(stage: Stage) -> None:
    rig = stage({"10:07": BULL, "10:20": BULL})
    rig.until("10:06")
    rig.stop()
    backup = (rig.directory / "journal.db").read_bytes()
    rig.start()
    con_id = rig.opened()
    rig.kill()
    put_back(rig.directory, backup)
    rig.start()
    rig.step(5)
    assert rig.halts == {"disk_failure"}
    assert rig.stopped == rig.position == {con_id: 10}
    to_target(rig, con_id)
    rig.wait_for(lambda: not rig.position, 60)
    rig.step(10)
    rig.kill()
    put_back(rig.directory, backup)
    rig.start()
    rig.step(10)
    assert rig.halts == {"disk_failure"}
    assert len(rig.all(m.BracketClosed)) == 2, "once in each life that could tell"
    assert len({x.pnl for x in rig.all(m.BracketClosed)}) == 1


def put_back(directory: Path, backup: bytes) -> None:
    for part in directory.glob("journal.db*"):
        part.unlink()
    (directory / "journal.db").write_bytes(backup)


def forget_from(path: Path, kind: str, *, after: int) -> None:
    """Overwrite the text of every row from the first of this kind (and ``after`` more) on, as a card may that lost its
    last writes: the file is whole to SQLite and says nothing there."""
    with closing(sqlite3.connect(path)) as db:
        (first,) = db.execute("SELECT min(seq) FROM messages WHERE kind = ?", (kind,)).fetchone()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        bodies = [
            body for (body,) in db.execute("SELECT body FROM messages WHERE seq >= ?", (first + after,))
        ]
    data = path.read_bytes()
    for body in bodies:
        head = body.encode()[:64]
        data = data.replace(head, b"\xa5" * len(head))
    path.write_bytes(data)


@pytest.mark.gauntlet("G2")
def test_an_exception_in_a_machine_stops_the_line_and_the_next_life_goes_on(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    con_id = rig.opened()
    rig.say(b.Filled(None))  # type: ignore[arg-type]  # what no machine can make sense of
    rig.step(1)
    failed = rig.life.supervisor.failed
    assert failed is not None
    assert failed.component == "execution"
    assert "Filled" in failed.message
    rig.kill()
    rig.start()
    rig.step(5)
    assert rig.stopped == rig.position == {con_id: 10}


@pytest.mark.gauntlet("G18")
def test_a_second_instance_is_refused_by_name(tmp_path: Path) -> None:
    first = InstanceLock(tmp_path)
    with pytest.raises(StopTheOther, match="another instance"):
        InstanceLock(tmp_path)
    first.release()
    InstanceLock(tmp_path).release()


@pytest.mark.gauntlet("V5", "G13")
def test_a_storm_of_refusals_halts_and_the_halt_survives_a_kill(stage: Stage) -> None:
    rig = stage(
        {"10:07": BULL, "10:09": BULL, "10:11": BULL, "10:14": BULL}, RISK__MAX_ORDERS_PER_MINUTE="10"
    )
    rig.faults.reject(201, "Order rejected - reason: not today.", action="BUY", count=99)
    rig.until("10:12")
    assert "order_refused_storm" in rig.halts, denials(rig)
    rig.restart()
    rig.until("10:15")
    assert "order_refused_storm" in rig.halts
    assert denials(rig)[-1:] == ["STATE_HALTED"]
    assert not rig.position


@pytest.mark.gauntlet("V3", "C10", "C11", "N29")
def test_a_signal_shortly_before_the_gateways_restart_sends_nothing(stage: Stage) -> None:
    rig = stage(
        {"10:07": BULL, "10:20": BULL},
        TIMEZONE="America/New_York",
        BROKER__EMBEDDED_GATEWAY="false",
        EMBARGO__GATEWAY_RESTART__AT="10:10",
        EMBARGO__GATEWAY_RESTART__LEAD_MINUTES="5",
        EMBARGO__GATEWAY_RESTART__LASTS_MINUTES="5",
    )
    rig.until("10:09")
    assert denials(rig) == ["EMBARGO_GATEWAY_RESTART"]
    assert not rig.sent
    rig.until("10:10")
    rig.faults.restart(seconds=60)
    rig.until("10:22")
    assert rig.position, denials(rig)
