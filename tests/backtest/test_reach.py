"""A strategy that reads past what it is shown is refused by the check for lookahead, which could not see its future change."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path

import pytest

from bot.backtest.reach import reaches
from bot.strategies.registry import STRATEGIES
from tests.strategies import example_strategy

EXAMPLE = Path(example_strategy.__file__).read_text(encoding="utf-8")


def told(source: str, folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said of the example strategy with this source before it."""
    (folder / f"{name}.py").write_text(source + EXAMPLE, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    module = importlib.import_module(name)
    spec = replace(module.SPEC, name=f"its_{name}"[:20])
    return [f"line {x.line} {x.what}" for x in reaches([spec])]


def test_the_strategies_as_shipped_and_the_example_reach_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reaches(STRATEGIES) == ()
    assert told("", tmp_path, "honest", monkeypatch) == []


@pytest.mark.parametrize(
    ("name", "source", "what"),
    [
        (
            "by_a_global",
            "from bot.sim.market.recorded.library import BUNDLE\nALL = BUNDLE.sessions('SPY')\n",
            ["line 1 imports bot.sim.market.recorded.library"],
        ),
        ("by_a_file", "def peek():\n    return open('tomorrow.csv').read()\n", ["line 2 uses open"]),
        (
            "by_the_store",
            "def peek():\n    from bot.backtest.store.store import Store\n    return Store\n",
            ["line 2 imports bot.backtest.store.store"],
        ),
        ("by_pathlib", "import pathlib\n", ["line 1 imports pathlib"]),
        ("by_numpy", "import numpy as np\nPEEK = lambda: np.load('x.npy')\n", ["line 2 uses load"]),
        ("by_a_name_of_numpy", "from numpy import loadtxt\n", ["line 1 uses loadtxt"]),
        ("by_the_hour", "def peek():\n    return datetime.now().hour\n", ["line 2 uses now()"]),
        (
            "by_a_back_door",
            "import dataclasses\nSYS = dataclasses.sys.modules\n",
            ["line 2 uses modules", "line 2 reaches sys"],
        ),
        ("by_the_builtins", "READ = __builtins__['open']\n", ["line 1 uses __builtins__"]),
        ("by_a_library_s_own", "import contextlib\nWHERE = contextlib.os\n", ["line 2 reaches os"]),
        ("by_one_with_a_name", "from statistics import random as dice\n", ["line 1 reaches random"]),
        (
            "by_a_clock_kept_in_a_name",
            "from datetime import datetime\nCLOCK = datetime.now\n",
            ["line 2 keeps datetime.now"],
        ),
        ("by_a_word", "NOW = lambda x: getattr(x, 'now')()\n", ["line 1 uses now"]),
        (
            "by_a_word_that_is_made",
            "READ = lambda x, word: getattr(x, word)\n",
            ["line 1 uses getattr of a name that is made while it runs"],
        ),
        (
            "by_its_callers",
            "def peek(error):\n    return error.__traceback__.tb_frame.f_back\n",
            ["line 2 uses f_back", "line 2 uses tb_frame"],
        ),
        ("by_its_loader", "PEEK = lambda: __loader__.get_data('x')\n", ["line 1 uses __loader__"]),
        ("by_its_own_library", "from tests import strategies\n", ["line 1 imports tests"]),
    ],
)
def test_whatever_could_read_the_future_is_named_with_its_line(
    name: str, source: str, what: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told(source, tmp_path, name, monkeypatch) == what


def test_a_strategy_s_own_words_for_the_day_and_the_hour_are_not_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = "class Kept:\n    def take(self, bar):\n        self.today = self.now = bar.end\n        return self.today\n"

    assert told(own, tmp_path, "own_words", monkeypatch) == []


def test_a_file_beside_the_strategy_is_looked_at_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "__init__.py").touch()
    (tmp_path / "beside" / "peek.py").write_text(
        "def tomorrow():\n    return open('tomorrow.csv')\n", encoding="utf-8"
    )
    monkeypatch.setattr("bot.backtest.reach._OUR_PURE", ("bot.domain", "bot.strategies", "beside"))
    monkeypatch.setattr("bot.backtest.reach._FOLLOWED", "beside")

    assert told("from beside import peek\n", tmp_path, "by_a_neighbour", monkeypatch) == ["line 2 uses open"]
