"""A whole application that nobody here wrote, unchanged: thetagang, started as its users start it.

Eleven sessions on one account: it writes a put, rolls it by a combination order, is assigned, and writes a call.

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

from bot.domain.session import NEW_YORK, sessions_between
from bot.domain.types import Right, SecType, Side
from bot.sim.exchange.orders import Execution, ExecutionFilter
from bot.sim.server.thread import SimGatewayThread
from bot.sim.world.build import synthetic_world
from bot.sim.world.world import World

_MISSING = [name for name in ("thetagang", "time_machine") if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.line,
    pytest.mark.slow,
    pytest.mark.timeout(1500),
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
ib_async = {{api_response_wait_time = 8}}
watchdog = {{host = "127.0.0.1", port = {port}, clientId = 1}}
[portfolio.symbols.KO]
weight = 1.0
primary_exchange = "NYSE"
execution = {{sell_price = "bid"}}
[strategies.wheel.defaults]
target = {{dte = 4, minimum_open_interest = 0, delta = 0.45, maximum_new_contracts_percent = 0.6}}
roll_when = {{dte = 0, pnl = 0.5, min_pnl = 2.0}}
write_when = {{puts = {{red = true, green = true}}, calls = {{red = true, green = true}}}}
"""


def run_once(world: World, config: Path) -> None:
    """One run of the application against the world as it stands; its words are shown if it fails."""
    with SimGatewayThread(world, speed=2) as gateway:
        config.write_text(_CONFIG.format(account=world.account_id, port=gateway.port))
        try:
            done = subprocess.run(
                [sys.executable, "-c", _RUN, gateway.now.isoformat(), str(config)],
                capture_output=True,
                text=True,
                cwd=config.parent,
                env={**os.environ, "COLUMNS": "160"},
                timeout=300,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            pytest.fail(f"it hung: {(error.stdout or b'')[-6_000:].decode(errors='replace')}")
    # It ends with 1 where an order rests: its rolls are limits at the mid-point.
    assert done.returncode == 0 or "unfilled order" in done.stderr, (done.stdout + done.stderr)[-4_000:]


def day_of(world: World, number: int) -> None:
    """The application runs at half past ten of that session, and the rest of the day passes."""
    world.advance_to(_at(number, 10, 30))


def _at(number: int, hour: int, minute: int) -> datetime:
    day = sessions_between(_FIRST, _FIRST + timedelta(days=30))[number].day
    return datetime.combine(day, time(hour, minute), NEW_YORK).astimezone(UTC)


def test_thetagang_writes_rolls_is_assigned_and_writes_a_call_in_two_weeks(tmp_path: Path) -> None:
    world = synthetic_world(["KO"], _FIRST, seed=3, equity=Decimal(30_000))
    told: list[str] = []
    gaps = {1: 1.03, 3: 0.95}  # the put loses most of its value and is rolled; its heir ends in the money
    for number in range(11):
        day_of(world, number)
        if number in gaps:
            world.market.gap("KO", gaps[number])
            world.advance_to(world.now + timedelta(minutes=1))
        run_once(world, tmp_path / "thetagang.toml")
        # What rests at the mid-point is filled when the market comes to it.
        world.advance_to(_at(number, 16, 0) - timedelta(minutes=1))
        executed = world.executions(ExecutionFilter())
        told += [f"{number} {_named(x)}" for x, _ in executed]
        world.advance_to(_at(number, 23, 0))

    assert _begins(told, "SLD put"), told
    assert _begins(told, "BOT combo"), told
    shares = [p for p in world.positions() if p.contract.sec_type is SecType.STOCK]
    assert shares, told
    assert all(p.quantity % 100 == 0 for p in shares)
    assert _begins(told, "SLD call"), told


def _named(execution: Execution) -> str:
    contract = execution.contract
    names = {SecType.OTHER: "combo", SecType.STOCK: "shares"}
    what = names.get(contract.sec_type) or ("put" if contract.right is Right.PUT else "call")
    return f"{'BOT' if execution.side is Side.BUY else 'SLD'} {what} {execution.quantity} {contract.label} {execution.price}"


def _begins(told: list[str], what: str) -> bool:
    return any(line.partition(" ")[2].startswith(what) for line in told)
