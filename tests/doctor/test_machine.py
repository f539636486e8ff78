"""This machine's checks, and the checklist before real money."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.config import Settings, load_settings
from bot.doctor.findings import Finding, Verdict, exit_code, fail, ok, skip, warn
from bot.doctor.go_live import go_live_checks
from bot.doctor.machine import drill_finding, machine_checks
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.journal.drills import Certificate, DrillStep, put_certificate
from bot.ops.process.control_socket import ControlServer
from bot.ops.process.instance_lock import InstanceLock
from tests.doctor.rooms import free_port
from tests.journal.makers import CLOSED, IDEA
from tests.ops.receivers import receiving

NOW = datetime(2026, 3, 20, 21, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def settings(**variables: str) -> Settings:
    given = {"BROKER__TRADING": "paper", "MONITORING__METRICS_PORT": str(free_port()), **variables}
    return load_settings(None, given)


def found(chosen: Settings) -> dict[str, Finding]:
    return {finding.name: finding for finding in machine_checks(chosen)}


def test_a_fresh_machine_lacks_only_its_ways_out() -> None:
    findings = found(settings())

    assert {name for name, x in findings.items() if x.verdict is Verdict.WARN} == {"alerts", "heartbeat"}
    assert exit_code(findings.values()) == 1


def test_the_exit_code_is_the_worst_verdict_s() -> None:
    assert [
        exit_code(found)
        for found in (
            [],
            [ok("a", "")],
            [skip("a", "")],
            [warn("a", "", "")],
            [warn("a", "", ""), fail("b", "", "")],
        )
    ] == [0, 0, 0, 1, 1]


def test_a_dotenv_that_others_may_read_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("IBKR_PASSWORD=hunter2\n")
    (tmp_path / ".env").chmod(0o644)
    assert found(settings())["secrets"].remedy == "chmod 600 .env"

    (tmp_path / ".env").chmod(0o600)
    assert found(settings())["secrets"].verdict is Verdict.OK


def test_a_secret_s_own_file_that_others_may_read_is_a_failure(tmp_path: Path) -> None:
    file = tmp_path / "hook"
    file.write_text("json://127.0.0.1/")
    file.chmod(0o640)

    finding = found(settings(MONITORING__APPRISE_URLS_FILE=str(file)))["secrets"]

    assert finding.remedy == f"chmod 600 {file}"


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_state_directory_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o500)

    assert "journal.directory" in found(settings())["state"].remedy


def test_a_file_in_the_state_directory_s_place_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "state").touch()

    assert found(settings())["state"].verdict is Verdict.FAIL


def test_a_running_bot_is_noticed_by_its_lock(tmp_path: Path) -> None:
    chosen = settings()
    lock = InstanceLock(chosen.journal.directory)
    assert "no control socket" in found(chosen)["lock"].found
    server = ControlServer(chosen.journal.directory, dict)
    assert found(chosen)["lock"].verdict is Verdict.OK
    server.close()
    lock.release()

    assert "no bot runs" in found(chosen)["lock"].found


def test_another_program_on_the_metrics_port_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        chosen = settings(MONITORING__METRICS_PORT=str(other.getsockname()[1]))
        assert found(chosen)["metrics"].verdict is Verdict.FAIL


def test_a_channel_is_named_by_its_kind_and_a_bad_address_by_its_setting() -> None:
    good = settings(MONITORING__APPRISE_URLS="json://127.0.0.1/secret-path-of-mine")
    bad = settings(MONITORING__DISCORD_WEBHOOK_URL="https://example.com/secret-path-of-mine")

    assert found(good)["alerts"].found.startswith("json;")
    assert "monitoring.discord_webhook_url" in found(bad)["alerts"].found
    assert "secret-path" not in str(found(good)) + str(found(bad))


def test_the_watcher_is_reached_and_not_pinged() -> None:
    with receiving(200) as receiver:
        finding = found(settings(MONITORING__HEARTBEAT_URL=f"http://127.0.0.1:{receiver.port}/uuid"))[
            "heartbeat"
        ]
        assert finding.verdict is Verdict.OK
        assert receiver.requests == []


def test_a_watcher_that_is_not_there_is_a_failure() -> None:
    finding = found(settings(MONITORING__HEARTBEAT_URL=f"http://127.0.0.1:{free_port()}/uuid"))["heartbeat"]
    assert finding.verdict is Verdict.FAIL


# ── before real money ──

LIVE = {
    "BROKER__TRADING": "live",
    "BROKER__PORT": "4001",
    "BROKER__ACCOUNT": "U1234567",
    "BROKER__LIVE_TRADING_CONFIRMED": "true",
    "DRY_RUN": "false",
    "MONITORING__APPRISE_URLS": "json://127.0.0.1/x",
    "MONITORING__HEARTBEAT_URL": "https://127.0.0.1/y",
}


def paper_week(account: str = "DU7654321", days: int = 5, *, is_dry: bool = False) -> Iterator[m.Message]:
    start = NOW - timedelta(days=10)
    yield m.LineStarted(start, "1", "growth", is_dry, ("SPY",))
    yield b.BrokerConnected(start, account, 1, 178, 1)
    for day in range(days):
        at = start + timedelta(days=day)
        yield m.ProtectionChanged(IDEA, True, 1, 1, 2.0, at)
        yield replace(CLOSED, idea_id=f"idea-{day}", opened_at=at, closed_at=at)


def go_live(
    journal: list[m.Message], drilled_at: datetime | None = NOW - timedelta(days=9), **variables: str
) -> dict[str, Finding]:
    return {x.name: x for x in go_live_checks(settings(**LIVE, **variables), journal, NOW, drilled_at)}


def test_a_whole_paper_week_opens_the_way() -> None:
    assert exit_code(go_live(list(paper_week())).values()) == 0


@pytest.mark.parametrize(
    ("journal", "name"),
    [
        ([], "go-live paper week"),
        (list(paper_week(days=4)), "go-live paper week"),
        (list(paper_week(is_dry=True)), "go-live paper week"),
        (list(paper_week(account="DU1234567")), "go-live paper week"),
        (list(paper_week(account="U7654321")), "go-live paper week"),
        ([*paper_week(), m.ProtectionChanged(IDEA, True, 1, 1, 60.0, NOW)], "go-live protection"),
        ([*paper_week(), m.Halted(NOW, "daily_loss", "down", "risk")], "go-live halts"),
    ],
    ids=["none", "four days", "dry", "simulated", "live", "unprotected", "halted"],
)
def test_what_is_missing_is_named(journal: list[m.Message], name: str) -> None:
    failing = [x.name for x in go_live(journal).values() if x.verdict is Verdict.FAIL]

    assert failing == [name]


@pytest.mark.parametrize("drilled_at", [None, NOW - timedelta(days=93)])
def test_no_drill_within_a_quarter_bars_the_way(drilled_at: datetime | None) -> None:
    failing = [x.name for x in go_live(list(paper_week()), drilled_at).values() if x.verdict is Verdict.FAIL]

    assert failing == ["go-live drill"]


def test_an_overdue_drill_is_told_with_the_date_of_the_last(tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    assert drill_finding(journal, NOW).verdict is Verdict.SKIP
    put_certificate(journal, Certificate(NOW, "1+ab", "simulated", (DrillStep("kill", True, "well", 1.0),)))

    assert drill_finding(journal, NOW + timedelta(days=91)).verdict is Verdict.OK
    late = drill_finding(journal, NOW + timedelta(days=93))
    assert (late.verdict, "2026-03-20" in late.found) == (Verdict.WARN, True)


def test_last_year_s_paper_week_does_not_count() -> None:
    old = [
        replace(x, closed_at=x.closed_at - timedelta(days=365)) if isinstance(x, m.BracketClosed) else x
        for x in paper_week()
    ]

    assert go_live(old)["go-live paper week"].verdict is Verdict.FAIL


def test_settings_that_are_not_live_fail_the_checklist() -> None:
    findings = {x.name: x for x in go_live_checks(settings(), [], NOW, None)}

    assert "broker.trading: live" in findings["go-live settings"].remedy
    assert findings["go-live alerts"].verdict is Verdict.FAIL
    assert findings["go-live heartbeat"].verdict is Verdict.FAIL
