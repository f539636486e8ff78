"""A plain copy of the settings answers as they do, shows no secret, and brings nothing with it that judges settings."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from bot.config import hand_down
from bot.config.plain import PlainSettings, plain_copy
from tests.config.desk import Desk

URL = "https://hooks.example/not-a-real-secret"
TEXT = f"""
symbols: [SPY, QQQ]
dry_run: false
broker: {{trading: paper, account: DU1234567}}
risk: {{max_risk_pct_per_trade: 0.01}}
strategies: {{whale: {{options: {{expiry: 7-14}}}}}}
monitoring: {{alerts_enabled: true, slack_webhook_url: {URL}, apprise_urls: ["ntfy://example/not-real"]}}
"""
HANDED_DOWN = (
    hand_down.risk_limits,
    hand_down.session_rules,
    hand_down.account_rule,
    hand_down.selection_rules,
    hand_down.option_rules,
    hand_down.entry_waits,
    hand_down.expiry_rules,
    hand_down.strategy_parameters,
    hand_down.market_data_limits,
    hand_down.execution_limits,
    hand_down.watcher_limits,
    hand_down.broker_settings,
    hand_down.alert_addresses,
    hand_down.lasting_limits,
)
APART = """
import json, sys
from pathlib import Path
from bot.config.apart import SettingsApart
reading = SettingsApart(Path(sys.argv[1]), Path("elsewhere"))
import bot.app, bot.assembly.machines, bot.broker.connection.library as library
library.load_library("ib_insync")
settings = reading.result()
bot.assembly.machines.make_machines(settings, 1.0)
heavy = {"pydantic", "pydantic_settings", "typer", "rich", "numpy", "pandas", "dotenv"} & set(sys.modules)
print(json.dumps([str(settings.journal.directory), settings.symbols, sorted(heavy), repr(settings.monitoring.slack_webhook_url)]))
"""


def copied(desk: Desk) -> PlainSettings:
    """As it comes out of the child."""
    found = pickle.loads(pickle.dumps(plain_copy(desk.load(TEXT))))  # noqa: S301  our own
    assert isinstance(found, PlainSettings)
    return found


def test_every_part_is_handed_down_the_same_from_a_plain_copy(desk: Desk) -> None:
    settings, plain = desk.load(TEXT), copied(desk)

    for part in HANDED_DOWN:
        assert part(plain) == part(settings), part.__name__  # type: ignore[arg-type]  # by attribute alone
    assert plain.__dict__["monitoring"].page_address == settings.monitoring.page_address is not None
    assert (plain.secrets(), plain.fingerprint()) == (settings.secrets(), settings.fingerprint())


def test_a_plain_copy_shows_no_secret_and_takes_no_change(desk: Desk) -> None:
    plain = copied(desk)

    assert URL in plain.secrets()
    assert "not-a-real-secret" not in repr(vars(plain.__dict__["monitoring"]))
    with pytest.raises(AttributeError, match="dry_run"):
        plain.dry_run = True


def test_the_process_that_trades_carries_nothing_that_judges_draws_or_parses(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(TEXT)

    done = subprocess.run(
        [sys.executable, "-c", APART, str(path)], capture_output=True, text=True, check=True
    )

    directory, symbols, heavy, secret = json.loads(done.stdout)
    assert (directory, symbols, heavy) == ("elsewhere", ["SPY", "QQQ"], [])
    assert "not-a-real-secret" not in secret


def test_a_wrong_setting_is_told_by_the_child_as_by_the_command(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("broker: {trading: paper, port: 4001}\n")

    done = subprocess.run(
        [sys.executable, "-m", "bot", "run", "--config", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, len(done.stderr.splitlines())) == (78, 1), done.stderr
    assert "broker.port" in done.stderr


def test_a_child_whose_asker_has_ended_says_nothing(tmp_path: Path) -> None:
    script = (
        "import os; from bot.config.apart import SettingsApart; asked = SettingsApart(None, None); "
        "os.close(asked._pipe); os.waitpid(asked._child, 0)"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert (ended.stdout, ended.stderr) == ("", "")
