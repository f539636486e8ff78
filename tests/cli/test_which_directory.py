"""Which bot a command means: what the settings trade decides, not which files there are."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.main import app
from bot.cli.options import data_folder, state_directory
from bot.config import load_settings
from bot.domain.errors import FixTheCommand
from bot.ops.process.control_socket import take_halt

PAPER = "broker: {trading: paper}\n"
SIMULATED = "broker: {trading: simulated}\n"


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A house in which a simulated day was run, and no paper bot yet."""
    (tmp_path / "state/simulated/day").mkdir(parents=True)
    (tmp_path / "state/simulated/latest").symlink_to("day")
    return tmp_path


def settings(house: Path, text: str) -> Path:
    path = house / "settings.yaml"
    path.write_text(f"{text}journal: {{directory: {house}/state}}\n", encoding="utf-8")
    return path


def test_a_paper_bots_commands_never_mean_a_simulated_day(house: Path) -> None:
    assert state_directory(settings(house, PAPER), None) == house / "state"
    assert state_directory(settings(house, SIMULATED), None) == house / "state/simulated/latest"


def test_a_halt_before_the_first_paper_start_waits_for_it(house: Path) -> None:
    done = CliRunner().invoke(
        app, ["halt", "not today", "--by", "me", "--config", str(settings(house, PAPER))]
    )

    assert "saved" in str(done.exception)
    assert take_halt(house / "state") == ("not today", "me")
    assert take_halt(house / "state/simulated/day") is None


def test_a_halt_that_no_bot_would_ever_find_is_refused_with_a_word(house: Path) -> None:
    done = CliRunner().invoke(app, ["halt", "not today", "--config", str(settings(house, SIMULATED))])

    assert "Nothing was halted" in str(done.exception)
    assert take_halt(house / "state/simulated/day") is None


def test_the_variable_s_market_data_are_those_of_run_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`data`, `backtest` and `sim` read it by an option that `run` and `parity` do not have."""
    own = load_settings(None, {"DATA__DIRECTORY": "elsewhere"})
    monkeypatch.delenv("IBKR_BOT_DATA", raising=False)
    assert data_folder(own) == Path("elsewhere")

    monkeypatch.setenv("IBKR_BOT_DATA", str(tmp_path))
    assert data_folder(own) == tmp_path


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [("2024-05-04", "2024-05-05", "no trading day"), ("2024-05-03", "2099-05-04", "calendar covers")],
)
def test_a_fetch_of_days_without_trading_is_refused_before_anybody_is_asked(
    first: str, last: str, words: str, tmp_path: Path
) -> None:
    said = CliRunner().invoke(
        app, ["data", "fetch", "SPY", "--from", first, "--to", last, "--data", str(tmp_path)]
    )

    assert isinstance(said.exception, FixTheCommand)
    assert words in f"{said.exception}"
