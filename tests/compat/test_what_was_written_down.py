"""What an owner has on disk outlives a move of the code: journal, settings, dashboards and scenarios of an earlier build.

The journal was written by ``ibkr-bot run`` on 2011-01-26, ten contracts bought and protected, halted by its operator, and
ended by SIGKILL.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.assembly.machines import make_machines
from bot.cli.main import app
from bot.config import load_settings
from bot.domain.messages import TimePassed, TradingStateChanged
from bot.journal.recover import open_journal, restore_state
from bot.journal.store import Journal
from bot.ops.metrics.endpoint import FAMILIES
from bot.ops.status.status_builder import StatusBuilder
from bot.sim.faults.scenario import parse
from bot.wiring import BOARD, RISK

BEFORE = Path(__file__).parent / "before_the_wings"
HALTED_AT = datetime(2011, 1, 26, 14, 57, tzinfo=UTC)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "journal.db").write_bytes(gzip.decompress((BEFORE / "journal.db.gz").read_bytes()))
    return tmp_path


@pytest.fixture
def journal(state: Path) -> Iterator[Journal]:
    journal, repair = open_journal(state / "journal.db", lambda: HALTED_AT)
    assert repair is None
    yield journal
    journal.close()


def test_a_standing_halt_and_an_open_bracket_are_remembered(journal: Journal) -> None:
    board = StatusBuilder(("SPY",))
    machines = make_machines(load_settings(BEFORE / "settings.yaml", {}, Path("none")), 1.0)
    assert restore_state(journal, {**machines, BOARD: board}) > 0
    (bracket,) = board.status.open_brackets
    assert (bracket.label, bracket.quantity, bracket.stop) == ("SPY 2011-01-28 129 P", 10, Decimal("0.52"))
    states = [x for x in machines[RISK].handle(TimePassed(HALTED_AT)) if isinstance(x, TradingStateChanged)]
    assert [(x.state, x.causes[0]) for x in states] == [("HALTED", "operator")]


def test_every_old_row_can_be_read(journal: Journal) -> None:
    assert len(list(journal.rows())) == 83


@pytest.mark.parametrize(
    "command", [["journal", "--json"], ["why", "SPY", "09:54"], ["report", "--day", "2011-01-26"]]
)
def test_the_commands_read_the_old_journal(state: Path, command: list[str]) -> None:
    done = CliRunner().invoke(app, [*command, "--state", str(state)])
    assert done.exit_code == 0, done.output
    assert "129" in done.output or "26 Jan" in done.output


def test_the_old_settings_load_and_mean_the_same() -> None:
    settings = load_settings(BEFORE / "settings.yaml", {}, Path("none"))
    assert (settings.symbols, settings.broker.port, settings.broker.client_id) == (("SPY",), 4002, 1)
    assert settings.risk.max_risk_pct_per_trade == Decimal("0.01")


@pytest.mark.parametrize(
    "scenario", sorted((BEFORE / "scenarios").glob("*.yaml")), ids=lambda path: path.stem
)
def test_the_old_scenarios_can_be_played(scenario: Path) -> None:
    assert parse(scenario.read_bytes()).entries


@pytest.mark.parametrize(
    "dashboard", sorted((BEFORE / "dashboards").glob("*.json")), ids=lambda path: path.stem
)
def test_every_metric_of_the_old_dashboards_is_still_measured(dashboard: Path) -> None:
    text = json.dumps(json.loads(dashboard.read_text(encoding="utf-8")))
    asked = set(re.findall(r"\bibbot_(\w+)", text))
    rules = (Path(__file__).parents[2] / "configs/prometheus").rglob("*.yml")
    recorded = set(re.findall(r"ibbot_(\w+)", "".join(path.read_text(encoding="utf-8") for path in rules)))
    measured = {family.name for family in FAMILIES}
    bare = {re.sub(r"_(total|bucket|count|sum)$", "", name) for name in asked}
    assert bare <= measured | {re.sub(r"_total$", "", name) for name in measured | recorded}
