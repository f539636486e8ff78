"""A journal with one row damaged, in any column: the next life loses nothing, doubles nothing, and stays halted."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.domain import messages as m
from bot.journal.store import JOURNAL_FILE
from tests.gauntlet.conftest import Stage
from tests.gauntlet.rig import BULL
from tests.gauntlet.test_state import put_back

pytestmark = [pytest.mark.line, pytest.mark.slow]
ROWS = 3
"""Of each column; the halt's own row is always one of them."""
DAMAGE = {
    "seq": "seq = -seq",
    "at": "at = replace(at, '-', '/')",
    "kind": "kind = 'BarJudged'",
    "body": "body = replace(body, 'e', 'a')",
    "crc": "crc = crc + 1",
}


def whole(path: Path) -> tuple[bytes, list[int], int]:
    """The file, its rows' numbers, and the halt's."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        rows = dict(db.execute("SELECT seq, kind FROM messages ORDER BY seq").fetchall())
    return path.read_bytes(), list(rows), max(seq for seq, kind in rows.items() if kind == "Halted")


@pytest.mark.gauntlet("G59", "G33")
@pytest.mark.parametrize("column", DAMAGE)
def test_a_damaged_row_forgets_no_halt_and_leaves_no_position_naked(stage: Stage, column: str) -> None:
    rig = stage({"10:07": BULL, "10:12": BULL})
    con_id = rig.opened()
    rig.say(m.HaltTrading(rig.now, "smoke", "me"))
    rig.step(2)
    rig.kill()
    path = rig.directory / JOURNAL_FILE
    backup, rows, halted = whole(path)
    draw = random.Random(column)  # noqa: S311  a draw of rows
    for seq in [halted, *draw.sample(rows, min(ROWS - 1, len(rows)))]:
        put_back(rig.directory, backup)
        with closing(sqlite3.connect(path)) as db, db:
            db.execute(f"UPDATE messages SET {DAMAGE[column]} WHERE seq = ?", (seq,))  # noqa: S608  our own words
        rig.start()
        rig.step(6, 3)
        assert rig.halts & {"operator", "disk_failure"}, f"row {seq}"
        assert rig.stopped == rig.position == {con_id: 10}, f"row {seq}"
        rig.kill()
    rig.until("10:14", 30)
    rig.start()
    rig.step(5)
    assert len([x for x in rig.sent if x.endswith("/entry")]) == 1
