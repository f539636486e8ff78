"""A whole application that nobody here wrote, unchanged: thetagang, started once a simulated day as its users start it.

Its rolls are left out: they are combination (BAG) orders, which the simulated exchange does not take.

Opt-in: runs where ``thetagang`` and ``time-machine`` are installed (``pip install thetagang time-machine``).
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain.session import Session, next_session, session_on
from bot.domain.types import Right, SecType, Side
from bot.sim.exchange.orders import Execution, ExecutionFilter
from bot.sim.server.thread import SimGatewayThread
from bot.sim.world.build import synthetic_world
from bot.sim.world.world import World

_MISSING = [name for name in ("thetagang", "time_machine") if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.line,
    pytest.mark.slow,
    pytest.mark.timeout(1_200),
    pytest.mark.skipif(bool(_MISSING), reason=f"not installed: {', '.join(_MISSING)}"),
]

_FIRST = date(2026, 11, 30)
_SESSIONS = 10
_FALL_ON = 3
"""The session whose open is 2 % lower: the puts of that week are assigned at its end."""
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


def sessions(first: date, number: int) -> list[Session]:
    found = [session_on(first)]
    while len(found) < number:
        found.append(next_session(found[-1].day if found[-1] is not None else first))
    return [session for session in found if session is not None]


def test_thetagang_writes_puts_is_assigned_and_writes_calls(tmp_path: Path) -> None:
    world = synthetic_world(["KO"], _FIRST, seed=3, equity=Decimal(30_000))
    seen: dict[str, Execution] = {}
    for number, session in enumerate(sessions(_FIRST, _SESSIONS)):
        if number == _FALL_ON:
            world.market.gap("KO", 0.98)
        world.advance_to(session.open + timedelta(hours=1))
        run_once(world, tmp_path / "thetagang.toml")
        world.advance_to(session.close + timedelta(hours=3))
        seen |= {execution.exec_id: execution for execution, _ in world.executions(ExecutionFilter())}
    told = list(seen.values())

    by_order = [e for e in told if e.order_id]
    assert any(e.side is Side.SELL and e.contract.right is Right.PUT for e in by_order)
    assert any(e.contract.sec_type is SecType.STOCK and e.side is Side.BUY for e in told if not e.order_id)
    assert any(e.side is Side.SELL and e.contract.right is Right.CALL for e in by_order)
