"""A strategy's file that Python cannot import is one line with its place, whatever command is typed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import bot.strategies
from bot.cli.main import main

FOLDER = Path(bot.strategies.__file__).parent


@contextmanager
def importing(source: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever is typed runs this as a strategy's file at its start."""

    def run(_: str) -> None:
        exec(compile(source, str(FOLDER / "mine.py"), "exec"), {})  # noqa: S102

    monkeypatch.setattr("bot.cli.commands.make_app", run)
    yield


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("X = 1\nclass Mine\n", "mine.py, line 2: SyntaxError: expected ':'"),
        ("import nothing_there\n", "mine.py, line 1: ModuleNotFoundError: No module named 'nothing_there'"),
        ("\n\nSPEC = made()\n", "mine.py, line 3: NameError: name 'made' is not defined"),
        ("import bot.strategies as all_\nall_.mine.SPEC\n", "mine.py, line 2: AttributeError:"),
        (
            "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ImportError('x\\ny') from e\n",
            "ImportError: x y",
        ),
    ],
)
def test_it_is_named_with_its_line(
    source: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with importing(source, monkeypatch), pytest.raises(SystemExit) as ended:
        main(["backtest"])

    told = capsys.readouterr().err
    assert ended.value.code == 1
    assert words in told
    assert len(told.splitlines()) == 1


def test_a_fault_of_the_house_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str) -> None:
        raise ValueError("ours")

    monkeypatch.setattr("bot.cli.commands.make_app", broken)

    with pytest.raises(ValueError, match="ours"):
        main(["backtest"])


def test_a_list_of_strategies_that_names_what_is_not_there_is_no_missing_name_of_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(_: str) -> None:
        raise AttributeError("module 'bot.strategies.mine' has no attribute 'SPEC'")

    monkeypatch.setattr("bot.config._found", broken)

    with pytest.raises(ImportError, match=r"mine.*SPEC") as told:
        from bot.config import load_settings  # noqa: F401
    assert isinstance(told.value.__cause__, AttributeError)
