"""The commands as a person types them, and the secrets nobody may read anywhere."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from loguru import logger
from typer.testing import CliRunner

from bot.cli.main import app
from bot.domain import messages as m
from bot.domain.errors import FixTheCommand, FixTheConfiguration, FixTheMachine
from bot.journal.store import Journal
from tests.doctor import doors
from tests.doctor.rooms import free_port, gateway
from tests.journal.makers import BAR_END, CLOSED, ENTRY, PLACED
from tests.ops.receivers import receiving

SECRETS = {
    "IBKR_USERNAME": "planted-user-name-4711",
    "IBKR_PASSWORD": "planted p@ss/word-4711",
    "MONITORING__DISCORD_WEBHOOK_URL": "https://discord.com/api/webhooks/123456789012345678/planted-discord-"
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "MONITORING__SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/PlantedSlackTokenxyz1234",
    "MONITORING__TELEGRAM_BOT_TOKEN": "123456789:Planted-telegram-token-abcdefghijkl",
    "MONITORING__HEARTBEAT_URL": "http://127.0.0.1:9/planted-heartbeat-uuid",
}
PLANTED = ("planted", "Planted", "p%40ss")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    logger.remove()
    logger.configure(patcher=lambda _: None)


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in SECRETS.items():
        monkeypatch.setenv(name, text)
    monkeypatch.setenv("MONITORING__TELEGRAM_CHAT_ID", "4711")


def rows(text: str) -> dict[str, dict[str, str]]:
    return {row["name"]: row for row in map(json.loads, text.splitlines())}


def test_the_doctor_of_a_simulation_brings_its_own_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITORING__METRICS_ENABLED", "false")  # whoever uses that port on this machine
    done = CliRunner().invoke(app, ["doctor", "--json", "--what-if"])

    found = rows(done.stdout)
    assert done.exit_code == 0, done.stdout
    assert found["account"]["found"] == "DU1234567, paper"
    assert "margin" in found["what-if"]["found"]


def test_a_shut_door_is_a_table_with_its_remedy_and_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    with doors.door(doors.closes) as port:
        monkeypatch.setenv("BROKER__TRADING", "paper")
        monkeypatch.setenv("BROKER__PORT", str(port))
        done = CliRunner().invoke(app, ["doctor"])

    assert done.exit_code == 1
    assert "handshake" in done.stdout
    assert "localhost" in done.stdout


def test_settings_that_are_wrong_are_the_only_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISK__MAX_RISK_PCT_PER_TRADE", "80")
    done = CliRunner().invoke(app, ["doctor", "--json"])

    (finding,) = rows(done.stdout).values()
    assert done.exit_code == 78
    assert "risk.max_risk_pct_per_trade" in finding["found"]


@pytest.mark.usefixtures("secrets")
def test_no_secret_is_in_the_doctor_s_output(monkeypatch: pytest.MonkeyPatch) -> None:
    with gateway() as running:
        monkeypatch.setenv("BROKER__TRADING", "paper")
        monkeypatch.setenv("BROKER__PORT", str(running.port))
        done = CliRunner().invoke(app, ["doctor", "--json", "--go-live"])
        table = CliRunner().invoke(app, ["doctor"])
    shown = CliRunner().invoke(app, ["config", "show"])

    assert rows(done.stdout)["alerts"]["verdict"] == "ok"
    for told in (done, table, shown):
        assert not [text for text in PLANTED if text in told.stdout + told.stderr]


def test_an_alert_is_sent_over_every_channel_and_what_failed_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with receiving(200) as well, receiving(500) as ill:
        monkeypatch.setenv("MONITORING__APPRISE_URLS", f"{well.url},{ill.url}")
        done = CliRunner().invoke(app, ["alert", "test"])
        assert "Test alert" in well.requests[0][1]

    assert done.exit_code == 1
    assert done.stdout.splitlines()[0] == "json: delivered"
    assert done.stdout.splitlines()[1].startswith("json: FAILED")


def test_no_channel_is_a_matter_of_configuration() -> None:
    done = CliRunner().invoke(app, ["alert", "test"])

    assert isinstance(done.exception, FixTheConfiguration)


def journal_of(directory: Path) -> None:
    journal = Journal(directory / "journal.db", lambda: BAR_END)
    denied = m.EntryDenied(idea_id="x", symbol="SPY", strategy="scalp", at=BAR_END, code="QUOTE_MISSING")
    halted = m.Halted(BAR_END, "operator", "holiday", "me")
    for message in (PLACED, ENTRY, CLOSED, denied, halted, m.DayOpened("2011-01-05", BAR_END, CLOSED.pnl)):
        journal.commit(message)
    journal.close()


def test_a_day_s_report_has_trades_denials_and_halts(tmp_path: Path) -> None:
    journal_of(tmp_path)

    done = CliRunner().invoke(app, ["report", "--day", "2011-01-05", "--state", str(tmp_path), "--json"])
    told = json.loads(done.stdout)

    assert (told["pnl"], told["commission"], len(told["trades"])) == ("71.10", "3.90", 1)
    assert told["not_traded"] == {"QUOTE_MISSING": 1}
    assert [one["why"] for one in told["halts"]] == ["holiday"]


def test_the_report_for_people_is_of_the_last_day_unless_asked(tmp_path: Path) -> None:
    journal_of(tmp_path)

    done = CliRunner().invoke(app, ["report", "--state", str(tmp_path)])

    assert "Wed 05 Jan: 1 trade, day +71.10" in done.stdout
    assert "holiday" in done.stdout


def test_a_day_without_trades_is_not_a_day_that_nobody_recorded(tmp_path: Path) -> None:
    journal_of(tmp_path)
    later = BAR_END + timedelta(days=1)
    journal = Journal(tmp_path / "journal.db", lambda: later)
    journal.commit(m.DayOpened("2011-01-06", later, CLOSED.pnl))
    journal.close()

    quiet = CliRunner().invoke(app, ["report", "--day", "2011-01-06", "--state", str(tmp_path)])
    unknown = CliRunner().invoke(app, ["report", "--day", "2011-01-07", "--state", str(tmp_path)])

    assert "no trades, day +0.00" in quiet.stdout
    assert "not recorded" in unknown.stdout


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [(["--day", "yesterday"], FixTheCommand), (["--state", "nowhere"], FixTheMachine)],
)
def test_a_report_that_cannot_be_made_says_why(arguments: list[str], kind: type[Exception]) -> None:
    done = CliRunner().invoke(app, ["report", *arguments])

    assert isinstance(done.exception, kind)


@pytest.mark.line
@pytest.mark.usefixtures("secrets")
def test_no_secret_leaves_with_logs_journal_metrics_alerts_or_the_process_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A simulated day, cut short, with every kind of secret planted and one of them in an alert's own address."""
    for name in ("DISCORD_WEBHOOK_URL", "SLACK_WEBHOOK_URL", "TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID"):
        monkeypatch.delenv(f"MONITORING__{name}")  # the real services are not for a test
    with receiving(200) as receiver:
        monkeypatch.setenv("MONITORING__APPRISE_URLS", f"{receiver.url}/planted-path-in-the-address")
        port = free_port()
        monkeypatch.setenv("MONITORING__METRICS_PORT", str(port))
        monkeypatch.setenv("JOURNAL__LOG_LEVEL", "DEBUG")
        command = [sys.executable, "-m", "bot", "run", "--state", str(tmp_path / "day"), "--speed", "600"]
        with (
            (tmp_path / "out").open("w") as out,
            subprocess.Popen(command, stdout=out, stderr=out) as process,
        ):
            try:
                receiver.wait(1, timeout_s=60.0)
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
                    measured = answer.read()
                children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
                shown = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in (str(process.pid), *children)]
            finally:
                process.terminate()
                process.wait(60)
        told = [body for _, body in receiver.requests]

    written = [path.read_bytes() for path in (tmp_path / "day").rglob("*") if path.is_file()]
    for place in (*shown, *written, measured, (tmp_path / "out").read_bytes(), *map(str.encode, told)):
        assert not [text for text in PLANTED if text.encode() in place]
    assert any("Bot stopped" in body for body in told)


def test_every_command_helps_itself() -> None:
    for words in (["doctor"], ["what-if"], ["report"], ["alert", "test"]):
        assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0


def test_shell_completion_can_be_installed() -> None:
    assert "--install-completion" in CliRunner().invoke(app, ["--help"]).stdout


def test_a_correction_of_a_trade_counts_once(tmp_path: Path) -> None:
    journal_of(tmp_path)
    journal = Journal(tmp_path / "journal.db", lambda: BAR_END)
    journal.commit(replace(CLOSED, pnl=CLOSED.pnl - 1))
    journal.close()

    done = CliRunner().invoke(app, ["report", "--day", "2011-01-05", "--state", str(tmp_path), "--json"])

    assert json.loads(done.stdout)["pnl"] == "70.10"
