"""The evening's report of a day whose fills slipped by a known amount."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.backtest.replay.journal import compare_journal
from bot.cli.main import main
from bot.config import load_settings
from bot.domain import messages as m
from bot.domain.order import Leg
from bot.domain.types import Side
from bot.journal.readers import connect_read_only
from bot.journal.store import Journal, read_rows
from bot.ops.status.slippage import LegSlip, by_leg
from tests.backtest.conftest import Played

TICKS = 3


def legs_of(path: Path) -> dict[Leg, LegSlip]:
    found = compare_journal(path, load_settings(None, {"SYMBOLS": "SPY"}))
    assert found.differences == ()
    return {x.leg: x for x in by_leg(found.fills)}


def slipped(path: Path) -> Iterator[tuple[m.Message, Decimal]]:
    """The day's rows, every fill ``TICKS`` worse; and what that cost in USD."""
    measured = {x.exec_id: x for x in compare_journal(path, load_settings(None, {"SYMBOLS": "SPY"})).fills}
    with contextlib.closing(connect_read_only(path)) as db:
        for row in read_rows(db):
            if not isinstance(row.message, m.FillBooked):
                yield row.message, Decimal(0)
                continue
            fill, expected = row.message.fill, measured[row.message.fill.exec_id].expected
            assert expected is not None
            worse = TICKS * fill.contract.ticks.increment(expected)
            moved = fill.price + worse * (1 if fill.side is Side.BUY else -1)
            yield replace(row.message, fill=replace(fill, price=moved)), worse * fill.quantity * 100


def test_fills_that_slip_by_three_ticks_are_told_as_three_ticks_worse(
    played_day: Played, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path, cost_usd = tmp_path / "journal.db", Decimal(0)
    journal = Journal(path, lambda: played_day.outcome.signals[0].bar_end)
    for message, usd in slipped(played_day.journal):
        journal.record(message)
        cost_usd += usd
    journal.close()

    before, after = legs_of(played_day.journal), legs_of(path)

    assert {Leg.ENTRY, Leg.FLATTEN} <= before.keys() == after.keys()
    for leg, was in before.items():
        now = after[leg]
        assert was.unknown == now.unknown == 0
        assert was.mean_ticks is not None
        assert now.mean_ticks is not None
        assert now.mean_ticks - was.mean_ticks == pytest.approx(TICKS)
    total = sum(x.total_usd or 0 for x in after.values()) - sum(x.total_usd or 0 for x in before.values())
    assert total == cost_usd > 0

    with pytest.raises(SystemExit):
        main(["replay", str(path), "--json"])
    [told] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {x["leg"]: Decimal(x["mean_ticks"]) for x in told["slippage"]} == {
        str(leg): x.mean_ticks for leg, x in after.items()
    }


def test_the_simulated_day_fills_at_the_model_s_prices_or_near_them(played_day: Played) -> None:
    legs = legs_of(played_day.journal)

    assert sum(x.fills for x in legs.values()) >= 2 * len(played_day.outcome.trades)
    entry = legs[Leg.ENTRY].mean_ticks
    assert entry is not None
    assert entry <= 1
