"""A whole application that nobody here wrote, unchanged: thetagang, started as its users start it.

Its rolls are left out: they are combination (BAG) orders, which the simulated exchange does not take.

Opt-in: runs where ``thetagang`` and ``time-machine`` are installed (``pip install thetagang time-machine``).
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain.types import Right
from bot.sim.server.thread import SimGatewayThread
from bot.sim.world.build import synthetic_world
from bot.sim.world.world import World

_MISSING = [name for name in ("thetagang", "time_machine") if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.line,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(bool(_MISSING), reason=f"not installed: {', '.join(_MISSING)}"),
]

_FIRST = date(2026, 11, 30)
_RUN = """
import sys
from datetime import datetime
import time_machine
at, config = sys.argv[1:]
with time_machine.travel(datetime.fromisoformat(at), tick=True):
    from thetagang.main import cli
    sys.argv = ["thetagang", "-c", config, "--without-ibc"]
    cli()
"""
_CONFIG = """
meta.schema_version = 2
run.strategies = ["wheel"]
[runtime]
account = {{number = "{account}", margin_usage = 0.9}}
option_chains = {{expirations = 4, strikes = 12}}
exchange_hours = {{action_when_closed = "continue"}}
orders = {{exchange = "SMART", price_update_delay = [3, 6]}}
database = {{enabled = false}}
ib_async = {{api_response_wait_time = 30}}
watchdog = {{host = "127.0.0.1", port = {port}, clientId = 1}}
[portfolio.symbols.KO]
weight = 1.0
primary_exchange = "NYSE"
execution = {{sell_price = "bid", buy_price = "ask"}}
[strategies.wheel.defaults]
target = {{dte = 4, minimum_open_interest = 0, delta = 0.45, maximum_new_contracts_percent = 0.6}}
roll_when = {{dte = 0, pnl = 1.0, min_pnl = 2.0}}
write_when = {{puts = {{red = true, green = true}}, calls = {{red = true, green = true}}}}
"""


def run_once(world: World, config: Path) -> None:
    """One run of the application against the world as it stands; its words are shown if it fails."""
    with SimGatewayThread(world, speed=2) as gateway:
        config.write_text(_CONFIG.format(account=world.account_id, port=gateway.port))
        done = subprocess.run(
            [sys.executable, "-c", _RUN, gateway.now.isoformat(), str(config)],
            capture_output=True,
            text=True,
            cwd=config.parent,
            env={**os.environ, "COLUMNS": "160"},
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4_000:]


def test_thetagang_writes_a_put_and_is_assigned(tmp_path: Path) -> None:
    world = synthetic_world(["KO"], _FIRST, seed=3, equity=Decimal(30_000))
    world.advance_to(world.now + timedelta(hours=1))
    run_once(world, tmp_path / "thetagang.toml")
    (put,) = world.positions()
    assert (put.contract.right, put.contract.expiry is not None) == (Right.PUT, True)
    assert put.quantity < 0

    world.market.gap("KO", 0.95)
    world.advance_to(datetime.combine(put.contract.expiry or _FIRST, time(23), UTC))

    (shares,) = world.positions()
    assert (shares.contract.symbol, shares.quantity) == ("KO", -100 * put.quantity)
    assert shares.avg_cost == put.contract.strike
