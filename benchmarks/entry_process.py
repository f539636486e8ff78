"""The client of ``benchmarks.entry_path``: PORT ours DIRECTORY, or PORT bare. It ends with its stdin."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import ib_insync as ib

from benchmarks.burst import BARS, Fires, Ignores, bar
from benchmarks.entry_path import FIRST_LINE, LINES, price_of
from bot.actors.broker_link import BrokerLink
from bot.actors.desk import Desk, start_peer
from bot.actors.runtime import stop
from bot.assembly.machines import make_machines
from bot.broker.ibkr import IbkrBroker
from bot.config import load_settings
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.market import Quote
from bot.journal.listener import JournalListener
from bot.journal.store import JOURNAL_FILE, Journal
from bot.ops.process.collector import QuietCollector
from bot.ops.status.status_builder import StatusBuilder
from bot.strategies.symbol import Chosen, Mode, SymbolStrategy
from bot.wiring import BOARD, BROKER, JOURNAL, MARKET_DATA, RISK, START_ORDER, STRATEGY
from tests.broker.script import settings as broker_settings
from tests.execution.line import CALL, START, bracket

CONTRACTS = tuple(replace(CALL, con_id=FIRST_LINE + n) for n in range(LINES))


class ClosesBars(Ignores):
    """Market data: a minute is over whenever the one line's bid is a new one."""

    def __init__(self) -> None:
        self.count = 0

    def handle(self, message: Any) -> tuple[m.Message, ...]:
        if isinstance(message, b.BrokerConnected):
            return tuple(b.WatchQuote(contract) for contract in CONTRACTS)
        if not isinstance(message, b.QuoteReceived):
            return ()
        quote = message.quote
        updated = m.QuoteUpdated(quote)
        if (
            quote.con_id != FIRST_LINE
            or quote.bid is None
            or float(quote.bid) < price_of(self.count + 1) - 0.001
        ):
            return (updated,)
        self.count += 1
        return (updated, m.BarClosed(bar("SPY", BARS + self.count - 1)))


class Strategies(Ignores):
    """A fresh one for each bar, as one that has fired waits."""

    def __init__(self) -> None:
        self._fresh = [self._one() for _ in range(100)]

    def handle(self, message: Any) -> Any:
        return self._fresh.pop().handle(message) if isinstance(message, m.BarClosed) else ()

    @staticmethod
    def _one() -> SymbolStrategy:
        fires = Fires("SPY")
        quote = Quote(con_id=FIRST_LINE, symbol="SPY", at=START, bid=Decimal("1.90"), ask=Decimal("1.95"))
        for earlier in range(BARS):
            fires.judge(bar("SPY", earlier), may_fire=False)
        return SymbolStrategy("SPY", (fires,), Mode.GROWTH, lambda *_: Chosen(CONTRACTS[0], quote))


class Agrees(Ignores):
    """Says yes to every idea, at once; the entry may rest for longer than this runs."""

    def handle(self, message: Any) -> tuple[m.Message, ...]:
        if not isinstance(message, m.TradeIdea):
            return ()
        until = START + timedelta(hours=1)
        return (bracket(message.idea_id, contract=CONTRACTS[0], at=START, enter_by=until, close_by=until),)


def ours(port: int, directory: Path) -> None:
    began_s = time.monotonic()

    def now() -> datetime:
        return START + timedelta(seconds=time.monotonic() - began_s)

    settings = load_settings(None, {"SYMBOLS": "SPY"}, Path("none"))
    with closing(Journal(directory / JOURNAL_FILE, now)) as journal:
        line = Desk(journal.commit_all)
        machines: dict[str, Any] = {
            **make_machines(settings, 1.0),
            JOURNAL: JournalListener(journal),
            BOARD: StatusBuilder(("SPY",)),
            MARKET_DATA: ClosesBars(),
            RISK: Agrees(),
            f"{STRATEGY}:SPY": Strategies(),
        }
        ordered = [name for slot in START_ORDER for name in machines if name.partition(":")[0] == slot]
        for name in ordered:
            start_peer(name, machines[name], line, _failed)
        broker = IbkrBroker(broker_settings(port, request_timeout_s=20.0, heartbeat_timeout_s=30.0), now)
        start_peer(BROKER, BrokerLink(broker), line, _failed)
        broker.start(line.peers[BROKER].tell)
        QuietCollector().beat(now(), is_settled=True)
        sys.stdin.read()
        broker.stop(5.0)
        stop(line, [BROKER, *reversed(ordered)], 5.0)


def _failed(component: str, error: BaseException, message: object) -> None:
    sys.stderr.write(f"{component}: {error!r} while handling {message!r}\n")
    sys.stderr.flush()


def bare(port: int) -> None:
    """What a first program with the library does."""
    client, seen = ib.IB(), [0]  # type: ignore[no-untyped-call]
    client.MaxSyncedSubAccounts = 0
    client.connect("127.0.0.1", port, clientId=7, timeout=20)

    def act(tickers: Any) -> None:
        for ticker in tickers:
            if ticker.contract.conId == FIRST_LINE and ticker.bid >= price_of(seen[0] + 1) - 0.001:
                seen[0] += 1
                place(client, ticker.contract, seen[0])

    client.pendingTickersEvent += act
    for contract in CONTRACTS:
        client.reqMktData(ib.Option("SPY", "20261127", 600, "C", "SMART", conId=contract.con_id))
    asyncio.get_event_loop().run_until_complete(asyncio.to_thread(sys.stdin.read))


def place(client: ib.IB, contract: Any, number: int) -> None:
    parent = ib.LimitOrder(
        "BUY", 3, 2.0, orderId=client.client.getReqId(), transmit=False, orderRef=f"b{number}"
    )
    more = {"parentId": parent.orderId, "ocaGroup": f"g{number}", "tif": "GTC"}
    target = ib.LimitOrder("SELL", 3, 2.6, orderId=client.client.getReqId(), transmit=False, **more)
    stop_loss = ib.StopOrder("SELL", 3, 1.6, orderId=client.client.getReqId(), transmit=True, **more)
    for order in (parent, target, stop_loss):
        client.placeOrder(contract, order)


if __name__ == "__main__":
    if sys.argv[2] == "bare":
        bare(int(sys.argv[1]))
    else:
        ours(int(sys.argv[1]), Path(sys.argv[3]))
