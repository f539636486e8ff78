"""NautilusTrader's adapter for IB, unchanged: it loads an instrument, hears quotes and bars, trades and cancels.

Its client is IB's of today, so this is a conversation in numbered bodies. Opt-in: runs where ``nautilus_trader[ib]`` is installed
(1.231 needs Python 3.12 or later; ``NAUTILUS_PYTHON`` names another interpreter that has it).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.domain.session import NEW_YORK
from bot.sim.server.thread import SimGatewayThread
from bot.sim.world.build import synthetic_world

_PYTHON = os.environ.get("NAUTILUS_PYTHON", sys.executable)
_DAY = date(2026, 1, 5)
pytestmark = [pytest.mark.line, pytest.mark.slow, pytest.mark.timeout(400)]

_PROGRAM = """
import json, sys
from nautilus_trader.adapters.interactive_brokers.common import IB
from nautilus_trader.adapters.interactive_brokers.config import (
    InteractiveBrokersDataClientConfig, InteractiveBrokersExecClientConfig, InteractiveBrokersInstrumentProviderConfig
)
from nautilus_trader.adapters.interactive_brokers.factories import (
    InteractiveBrokersLiveDataClientFactory, InteractiveBrokersLiveExecClientFactory
)
from nautilus_trader.config import LoggingConfig, RoutingConfig, StrategyConfig, TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

port, account = int(sys.argv[1]), sys.argv[2]
SPY = InstrumentId.from_str("SPY.ARCA")

def tell(what, **more):
    # Not to the output: the library's logger writes there from a thread of its own.
    with open(sys.argv[3], "a") as out:
        out.write(json.dumps({"what": what, **more}) + chr(10))

class Buyer(Strategy):
    def on_start(self):
        self.stage = 0
        self.instrument = self.cache.instrument(SPY)
        tell("instrument", id=str(SPY), tick=str(self.instrument.price_increment))
        self.subscribe_bars(BarType.from_str("SPY.ARCA-5-SECOND-LAST-EXTERNAL"))

    def on_bar(self, bar):
        if self.stage == 0:
            self.stage = 1
            tell("bar", close=str(bar.close))
            self.subscribe_quote_ticks(SPY)

    def on_quote_tick(self, tick):
        if self.stage == 1:
            self.stage = 2
            tell("quote", bid=str(tick.bid_price), ask=str(tick.ask_price))
            self.submit_order(self.order_factory.market(SPY, OrderSide.BUY, self.instrument.make_qty(2)))

    def on_order_filled(self, event):
        tell("filled", quantity=str(event.last_qty), price=str(event.last_px), commission=str(event.commission))
        if self.stage == 2 and not self.cache.orders_open():
            self.stage = 3
            price = self.instrument.make_price(float(event.last_px) * 0.95)
            self.submit_order(self.order_factory.limit(SPY, OrderSide.BUY, self.instrument.make_qty(1), price))

    def on_order_accepted(self, event):
        if self.stage == 3:
            self.stage = 4
            tell("accepted")
            self.cancel_order(self.cache.order(event.client_order_id))

    def on_order_canceled(self, event):
        tell("cancelled")
        node.stop()

    def on_order_rejected(self, event):
        tell("rejected", reason=event.reason)
        node.stop()

provider = InteractiveBrokersInstrumentProviderConfig(load_ids=frozenset({str(SPY)}))
line = {"ibg_port": port, "ibg_client_id": 7, "instrument_provider": provider}
node = TradingNode(config=TradingNodeConfig(
    trader_id="SIM-001",
    logging=LoggingConfig(log_level="INFO", use_pyo3=False),
    data_clients={IB: InteractiveBrokersDataClientConfig(**line)},
    exec_clients={IB: InteractiveBrokersExecClientConfig(
        **line, account_id=account, routing=RoutingConfig(default=True)
    )},
    timeout_disconnection=3, timeout_post_stop=2,
))
node.trader.add_strategy(Buyer(StrategyConfig(strategy_id="BUYER-001")))
node.add_data_client_factory(IB, InteractiveBrokersLiveDataClientFactory)
node.add_exec_client_factory(IB, InteractiveBrokersLiveExecClientFactory)
node.build()
try:
    node.run()
finally:
    node.dispose()
"""


def _is_installed() -> bool:
    """Whether the interpreter has the adapter and the client it needs."""
    found = "from importlib.util import find_spec as f; raise SystemExit(not (f('nautilus_trader') and f('ibapi')))"
    return Path(_PYTHON).exists() and subprocess.run([_PYTHON, "-c", found], check=False).returncode == 0


def test_the_adapter_loads_an_instrument_and_trades(tmp_path: Path) -> None:
    if not _is_installed():
        pytest.skip("nautilus_trader[ib] is not installed")
    world = synthetic_world(["SPY"], _DAY, start=datetime.combine(_DAY, time(10, 15), NEW_YORK))
    with SimGatewayThread(world, speed=2) as gateway:
        command = [_PYTHON, "-c", _PROGRAM, str(gateway.port), world.account_id, str(tmp_path / "told")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        held = gateway.ask(lambda core: {p.contract.symbol: p.quantity for p in core.world.positions()})
    told: list[dict[str, Any]] = [json.loads(line) for line in (tmp_path / "told").read_text().splitlines()]
    by_kind = {one["what"]: one for one in told}
    assert list(by_kind) == ["instrument", "bar", "quote", "filled", "accepted", "cancelled"], done.stdout[
        -4000:
    ]
    assert by_kind["instrument"]["tick"] == "0.01"
    assert 0 < Decimal(by_kind["quote"]["bid"]) < Decimal(by_kind["quote"]["ask"])
    assert Decimal(by_kind["filled"]["price"]) > 0
    assert sum(Decimal(one["quantity"]) for one in told if one["what"] == "filled") == 2
    assert held == {"SPY": 2}
