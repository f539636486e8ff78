"""The pytest plugin in projects of other people: a package ``bot`` of their own, and none of this bot's own libraries."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ibkr_sim_pytest import GatewayError, IBGateway

ROOT = Path(__file__).resolve().parents[3]
BOT = "def decide():\n    return 'BUY'\n"
TEST = """
import bot
from ib_insync import IB, MarketOrder, Stock

def test_my_bot_buys(ib_gateway):
    ib_gateway.start(symbols=["SPY", "AAPL"], at="10:15", seed=7)
    ib = IB()
    ib.connect(ib_gateway.host, ib_gateway.port, clientId=1)
    (stock,) = ib.qualifyContracts(Stock("AAPL", "SMART", "USD"))
    trade = ib.placeOrder(stock, MarketOrder(bot.decide(), 10))
    ib.reqCurrentTime()
    ib_gateway.advance(minutes=1)
    ib.reqCurrentTime()
    assert trade.orderStatus.status == "Filled"
    assert ib_gateway.books()["positions"] == {stock.conId: 10}
    assert bot.__file__.endswith("{folder}/bot/__init__.py")
    ib.disconnect()

def test_a_failure_inside_is_the_tests(ib_gateway):
    assert ib_gateway.status()["clients"] == []
"""


@pytest.mark.slow
def test_a_project_with_a_package_named_bot_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / "__init__.py").write_text(BOT)
    (tmp_path / "test_mine.py").write_text(TEST.replace("{folder}", tmp_path.name))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "ibkr_sim_pytest", "-p", "no:cacheprovider", "test_mine.py"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": f"{ROOT}"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "2 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.slow
def test_a_project_whose_package_bot_comes_behind_the_gateways_is_meant_by_it(tmp_path: Path) -> None:
    (tmp_path / "src" / "bot").mkdir(parents=True)
    (tmp_path / "src" / "bot" / "__init__.py").write_text(BOT)
    (tmp_path / "test_mine.py").write_text("import bot\n\ndef test_it():\n    assert bot.decide() == 'BUY'\n")
    behind = os.pathsep.join((f"{ROOT}", f"{tmp_path / 'src'}"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "ibkr_sim_pytest", "-p", "no:cacheprovider", "test_mine.py"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": behind}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "1 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.slow
def test_splits_and_minis_are_options_as_lists() -> None:
    given = {"split": ["AAPL:4:1@2026-01-06", "SPY:2:1@2026-01-07"], "minis": ["AAPL", "SPY"]}
    with IBGateway(symbols=["AAPL", "SPY"], at="19:59", **given) as gateway:
        assert gateway.advance(hours=5) == "2026-01-06T05:59:00+00:00"
    with pytest.raises(GatewayError, match="is none; write SYMBOL"):
        IBGateway().start(split=["SPY:2:1"])


def test_the_gateway_starts_advances_breaks_and_ends() -> None:
    with IBGateway(seed=3) as gateway:
        assert gateway.facts["symbols"] == ["SPY"]
        assert gateway.account == "DU1234567"
        assert gateway.advance(minutes=5) == "2026-01-05T14:30:00+00:00"
        gateway.faults.outage(seconds=60, then=1101)
        assert gateway.books() == {
            "positions": {},
            "working_stops": {},
            "largest": {},
            "orders": 0,
            "modifies": 0,
            "cancels": 0,
        }
        with pytest.raises(GatewayError, match="then is 7"):
            gateway.faults.outage(seconds=60, then=7)
        with pytest.raises(GatewayError, match="earthquake"):
            gateway.faults.earthquake()


@pytest.mark.slow
def test_a_start_that_fails_says_why_in_one_line() -> None:
    with pytest.raises(GatewayError, match="the exchange is closed on 2026-01-03"):
        IBGateway().start(session="2026-01-03")


def test_the_gateway_needs_none_of_the_bots_own_libraries() -> None:
    names = (
        "apprise",
        "dotenv",
        "ib_insync",
        "pandas",
        "prometheus_client",
        "pydantic",
        "pydantic_settings",
        "pykka",
    )
    program = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({names!r}))\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from bot.cli.main import main\n"
        "main(['sim', '--port', '0', '--synthetic', '--session', '2026-01-05', '--stepped', '--ends-with-input'])\n"
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        input="",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stderr


def test_the_bots_other_commands_say_what_is_missing() -> None:
    program = (
        "import sys\nsys.modules['pydantic'] = None\n"
        "from bot.cli.main import main\nmain(['config', 'show'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "pip install 'ibkr-options-bot[bot]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_simulator_is_installed_without_what_only_the_bot_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = " ".join(project["dependencies"] + project["optional-dependencies"]["sim"]).lower()
    assert not [name for name in ("pykka", "ib_insync", "pydantic", "apprise", "ansible") if name in needed]
