"""What a cluster's workers are sent is all they need, and holds no secret."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from bot.backtest.store.kinds import SCHEMAS, Kind
from bot.backtest.store.store import Store
from bot.backtest.sweep.parcel import pack, put_away, run_packed
from bot.backtest.sweep.trial import run_trial
from bot.sim.market.recorded.library import BUNDLE
from tests.backtest.sweep.test_sweep import DAY, JOB, WANTED

SETTINGS = """
risk:
  take_profit_pct: 0.31
monitoring:
  telegram_chat_id: "1234"
  telegram_bot_token: not-a-real-token
"""


def stored_day(root: Path) -> Path:
    bars = BUNDLE.minutes("GOOG", DAY)
    columns = {
        "ts": [bar.start for bar in bars],
        **{name: [getattr(bar, name) for bar in bars] for name in ("open", "high", "low", "close", "volume")},
    }
    schema = SCHEMAS[Kind.BARS_1M]
    rest = {name: ["test"] * len(bars) for name in schema.names if name not in columns}
    Store(root).add(Kind.BARS_1M, "GOOG", pa.table(columns | rest, schema=schema))
    return root


def test_a_parcel_is_opened_where_nothing_of_it_is(tmp_path: Path) -> None:
    config = tmp_path / "settings.yaml"
    config.write_text(SETTINGS)
    job = replace(JOB, config=config, data=stored_day(tmp_path / "data"))
    here = run_trial(job, WANTED[1])

    packed = pickle.dumps(pack(job))
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    config.unlink()

    assert here.days == (f"{DAY}",)
    assert run_packed("a sweep", packed, WANTED[1]) == here
    put_away("a sweep")


def test_no_secret_leaves_the_machine(tmp_path: Path) -> None:
    config = tmp_path / "settings.yaml"
    config.write_text(SETTINGS)

    sent = pickle.dumps(pack(replace(JOB, config=config)))

    assert b"0.31" in sent
    assert b"not-a-real-token" not in sent


def test_what_was_put_away_is_what_nobody_else_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    packed = pickle.dumps(pack(JOB))
    trials = [run_packed(name, packed, WANTED[2]) for name in ("one sweep", "another")]

    assert trials[0] == trials[1]
    assert len([*tmp_path.iterdir()]) == 2
    put_away("one sweep")
    assert len([*tmp_path.iterdir()]) == 1
    put_away("another")
    put_away("another")
    assert not [*tmp_path.iterdir()]
