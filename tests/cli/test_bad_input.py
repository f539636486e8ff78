"""A user's mistake costs one clear line and the right exit code, never a traceback.

Run in this process, through the entry point: any exception but the exit would be a traceback, and fails the test.
"""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

from bot.cli.main import main


@dataclass
class Ended:
    returncode: int
    stdout: str
    stderr: str


Run: TypeAlias = Callable[..., Ended]


@pytest.fixture
def ibkr_bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command in an empty folder and an empty environment."""
    for name in os.environ.keys() - {"PATH", "HOME", "LANG"}:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        out, err = capsys.readouterr()
        code = ended.value.code
        return Ended(code if isinstance(code, int) else 0, out, err)

    return run


def settings_file(directory: Path, text: str) -> str:
    path = directory / "settings.yaml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("rsik:\n  max_risk_pct_per_trade: 0.01\n", ["rsik", "risk"]),
        ("risk:\n  max_risk_pct_per_trade: 80\n", ["risk.max_risk_pct_per_trade", "0.8"]),
        ("broker:\n  trading: paper\n  port: 4001\n", ["broker.port", "4001"]),
        ("risk: [unclosed\n", ["settings.yaml"]),
        ("symbols: []\n", ["symbols"]),
        ("broker:\n  trading: live\n  port: 4001\ndry_run: false\n", ["broker.live_trading_confirmed"]),
    ],
)
def test_a_wrong_setting_is_named_and_ends_with_78(
    ibkr_bot: Run, tmp_path: Path, text: str, names: list[str]
) -> None:
    ended = ibkr_bot("run", "--config", settings_file(tmp_path, text))

    assert ended.returncode == 78, ended.stderr
    assert "Traceback" not in ended.stderr
    assert all(name in ended.stderr for name in names), ended.stderr


def test_a_settings_file_that_is_not_there_is_named(ibkr_bot: Run, tmp_path: Path) -> None:
    ended = ibkr_bot("run", "--config", "nowhere.yaml")

    assert (ended.returncode, len(ended.stderr.splitlines())) == (78, 1), ended.stderr
    assert "nowhere.yaml" in ended.stderr


def test_the_environment_wins_over_the_file_and_is_named_when_it_is_wrong(
    ibkr_bot: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = settings_file(tmp_path, "risk:\n  max_daily_loss_pct: 0.05\n")

    monkeypatch.setenv("RISK__MAX_DAILY_LOSS_PCT", "50")

    ended = ibkr_bot("config", "check", "--config", path)

    assert ended.returncode == 78
    assert "environment" in ended.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--session", "yesterday"),
        ("run", "--session", "2011-01-01"),
        ("run", "--speed", "-1"),
        ("parity", "2011-01-26", "--ceiling", "nan"),
        ("why", "SPY", "half past ten"),
        ("sim", "--session", "2011-13-45"),
        ("sim", "--record", "gateway:99999"),
        ("sim", "--answer-delay", "nan"),
        ("no-such-command",),
        ("journal", "--csv", "--json"),
    ],
)
def test_a_wrong_command_line_ends_with_2(ibkr_bot: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    ended = ibkr_bot(*arguments)

    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_day_that_was_not_recorded_is_said_in_one_line(ibkr_bot: Run, tmp_path: Path) -> None:
    ended = ibkr_bot("run", "--session", "2011-02-01")

    assert ended.returncode == 2
    assert ended.stderr.startswith("ibkr-bot: no recording of SPY on 2011-02-01; there is: 2011-01-03")
    assert ended.stderr.count("\n") == 1
    assert ended.stdout == ""


def test_a_busy_port_is_said_in_one_line_by_the_simulated_gateway(ibkr_bot: Run, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        ended = ibkr_bot("sim", "--port", str(port), "--session", "2011-01-26")

    assert ended.returncode == 1, ended.stderr
    assert str(port) in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_journal_that_is_not_there_is_said_in_one_line(ibkr_bot: Run, tmp_path: Path) -> None:
    ended = ibkr_bot("journal", "--state", "nowhere")

    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1), ended.stderr


def test_a_corrupt_journal_is_told_to_who_reads_it_and_nothing_is_lost(ibkr_bot: Run, tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"not a database at all" * 50)

    ended = ibkr_bot("journal", "--state", str(tmp_path))

    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1), ended.stderr
    assert path.read_bytes() == b"not a database at all" * 50


def test_a_journal_of_a_newer_build_is_refused(ibkr_bot: Run, tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "journal.db")
    db.execute("CREATE TABLE messages (seq INTEGER PRIMARY KEY, at TEXT, kind TEXT, body TEXT)")
    db.execute("INSERT INTO messages VALUES (1, '2026-01-01T00:00:00+00:00', 'FillBooked', '{}')")
    db.commit()
    db.close()

    ended = ibkr_bot("journal", "--state", str(tmp_path))

    assert ended.returncode == 1
    assert "FillBooked" in ended.stderr


def test_every_command_has_help_with_an_example(ibkr_bot: Run, tmp_path: Path) -> None:
    listed = ibkr_bot("--help").stdout
    commands = [
        "run",
        "sim",
        "journal",
        "why",
        "status",
        "positions",
        "orders",
        "halt",
        "resume",
        "flatten",
        "version",
    ]

    assert all(command in listed for command in commands)
    for command in commands:
        shown = ibkr_bot(command, "--help")
        assert shown.returncode == 0
        assert "Example" in shown.stdout, command


def test_no_running_bot_is_said_in_one_line(ibkr_bot: Run, tmp_path: Path) -> None:
    ended = ibkr_bot("status", "--state", str(tmp_path))

    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1), ended.stderr
    assert "no bot is running" in ended.stderr


DAYS = ("abc", "2011-13-01", "2011-02-30", "1900-01-02", "2199-01-02", "2031-01-02", "\u0663", "-")


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize(
    "words", [("run", "--session"), ("sim", "--session"), ("sim", "--synthetic", "--session"), ("parity",)]
)
def test_a_day_that_cannot_be_is_a_mistake_of_the_command(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], day: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words, day])

    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert "Traceback" not in said
    assert "is not a date" in said or "the trading calendar covers" in said or "Usage" in said
