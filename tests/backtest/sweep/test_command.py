"""What the command tells, on a terminal, as a page and as JSON, is the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.cli.main import main

GRID = ("--grid", "strategies.scalp.fast_ema=5,8,30")
DAYS = ("--symbols", "GOOG", "--from", "2015-12-24", "--to", "2015-12-24")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *more: str) -> str:
    """What a sweep prints."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(["sweep", *(more if "--from" in more else (*DAYS, *more)), "--workers", "1"])
    out = capsys.readouterr()
    assert ended.value.code == 0, out.err
    return out.out


def no_nan(text: str) -> Any:
    raise AssertionError(text)


def test_json_holds_what_the_tables_and_the_page_say_and_null_where_one_day_cannot_tell(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(told(capsys, *GRID, "--json", "--seed", "3"), parse_constant=no_nan)

    assert (found["seed"], found["tried"], found["refused"]) == (3, 2, 1)
    assert found["split"]["out_of_sample"] == 0.3
    assert found["split"]["in_sample"] == {"days": 1, "from": "2015-12-24", "to": "2015-12-24"}
    assert found["split"]["rest"] == {"days": 0, "from": None, "to": None}
    assert found["deflated_sharpe"]["probability"] is None
    assert "2014" in found["deflated_sharpe"]["source"]
    assert found["overfitting"]["probability"] is None
    assert "2015" in found["overfitting"]["source"]
    best = found["combinations"][0]
    assert best["in_sample"] == {"sharpe": None, "return": pytest.approx(best["returns"][0])}
    assert best["out_of_sample"] == {"sharpe": None, "return": None}
    assert found["impossible"][0]["changes"] == {"strategies.scalp.fast_ema": "30"}
    assert "from --grid" in found["impossible"][0]["reason"]


def test_what_the_search_is_worth_is_said_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, *GRID, "--html", "sweep.html")

    assert text.count("2 tried, 1 refused") == 1
    assert (
        " ".join(text.split()).count("too alike, to say the deflated Sharpe ratio and the probability of")
        == 1
    )
    assert (folder / "sweep.html").read_text().count("2 tried, 1 refused") == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((*GRID, "--folds", "3"), "--folds 3: 8 days are needed"),
        ((*GRID, "--out-of-sample", "nan"), "nan is no number"),
        (("--grid", "symbols=GOOG,SPY"), "--symbols"),
        (("--grid", "broker.port=4001,4002"), "no decision of a backtest hangs on it"),
        (("--grid", "monitoring.telegram_bot_token=a,b"), "no decision of a backtest hangs on it"),
        (("--grid", "strategies.scalp.fast_ema=-1,300"), "no combination is possible"),
        ((*GRID, "--from", "2010-01-04", "--to", "2010-01-05"), "no minutes of GOOG"),
    ],
)
def test_a_command_that_cannot_be_costs_a_line_and_leaves_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], given: tuple[str, ...], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["sweep", *DAYS, *given, "--workers", "1"])

    assert ended.value.code == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not [*folder.iterdir()]
