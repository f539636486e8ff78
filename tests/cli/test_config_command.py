"""``config show`` and ``config check`` as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.main import config_app
from bot.domain.errors import FixTheConfiguration

SECRET = "correct-horse-battery"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.yaml"
    path.write_text(f"mode: hybrid\nbroker: {{password: {SECRET}}}\n")
    return path


def test_show_tells_each_value_and_its_origin_and_hides_secrets(file: Path) -> None:
    shown = CliRunner().invoke(config_app, ["show", "--config", str(file)])

    lines = {line.split()[0]: line for line in shown.stdout.splitlines()}
    assert f"hybrid  ({file})" in lines["mode"]
    assert "(hidden)" in lines["broker.password"]
    assert lines["risk.max_risk_pct_per_trade"].endswith("0.01  (default)")
    assert SECRET not in shown.stdout


def test_show_speaks_json_lines(file: Path) -> None:
    shown = CliRunner().invoke(config_app, ["show", "--json", "--config", str(file)])

    rows = {row["key"]: row for row in map(json.loads, shown.stdout.splitlines())}
    assert rows["mode"] == {"key": "mode", "value": "hybrid", "from": str(file)}
    assert SECRET not in shown.stdout


def test_check_says_what_would_happen(file: Path) -> None:
    checked = CliRunner().invoke(config_app, ["check", "--config", str(file)])

    assert checked.exit_code == 0
    assert checked.stdout == "settings are sound: simulated, orders go out, SPY\n"


def test_check_of_a_bad_file_is_a_configuration_error(file: Path) -> None:
    file.write_text("mode: groth")

    checked = CliRunner().invoke(config_app, ["check", "--config", str(file)])

    assert isinstance(checked.exception, FixTheConfiguration)
