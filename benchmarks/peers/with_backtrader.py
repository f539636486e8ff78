"""The rule in backtrader: an entry at the close (cheat-on-close), a limit and a stop that cancel each other."""

from __future__ import annotations

import importlib
from array import array
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from rule import (  # type: ignore[import-not-found]  # run as a file, in the peers' environment
    PRINTS_A_DAY,
    PRINTS_A_MINUTE,
    SHARES,
    Averages,
    is_entry,
    last_print,
    levels,
    run_peer,
)

bt: Any = importlib.import_module("backtrader")
pd: Any = importlib.import_module("pandas")


def strategy(trades: list[tuple[int, int, int, int]]) -> type:
    class Rule(bt.Strategy):  # type: ignore[misc]  # its base is known at run time
        def __init__(self) -> None:
            self.averages, self.number = Averages(), -1
            self.exits: list[Any] = []
            self.entry = self.latest = self.paid = 0

        def next(self) -> None:
            self.number += 1
            number, close = self.number, self.data.close[0]
            crosses = number % PRINTS_A_MINUTE == PRINTS_A_MINUTE - 1 and self.averages.crosses(close)
            if self.exits and number >= self.latest:
                self.cancel(self.exits[0])
                self.exits = []
                self.close()
            elif not self.exits and crosses and is_entry(number % PRINTS_A_DAY // PRINTS_A_MINUTE):
                self.enter(number, round(close * 100))

        def enter(self, number: int, cents: int) -> None:
            target, stop = levels(cents)
            self.entry, self.latest = number, last_print(number)
            self.buy(size=SHARES)
            limit = self.sell(size=SHARES, exectype=bt.Order.Limit, price=target / 100)
            self.exits = [limit, self.sell(size=SHARES, exectype=bt.Order.Stop, price=stop / 100, oco=limit)]

        def notify_order(self, order: Any) -> None:
            if order.status != order.Completed:
                return
            cents = round(order.executed.price * 100)
            if order.isbuy():
                self.paid = cents
                return
            # A market order at the close is filled when the next bar comes, at the price of the one before.
            at = len(self.data) - 1 if order.exectype in (bt.Order.Limit, bt.Order.Stop) else self.latest
            trades.append((self.entry, at, self.paid, cents))
            self.exits = []

    return Rule


def play(prints: array[int]) -> Callable[[], list[tuple[int, int, int, int]]]:
    close = pd.Series([cents / 100 for cents in prints])
    start = datetime(2025, 1, 2)  # noqa: DTZ001  backtrader's clock has no zone
    index = [start + timedelta(seconds=15 * n) for n in range(len(prints))]
    columns = {name: close.to_numpy() for name in ("open", "high", "low", "close")}
    frame = pd.DataFrame({**columns, "volume": 1}, index=pd.DatetimeIndex(index))
    trades: list[tuple[int, int, int, int]] = []
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(bt.feeds.PandasData(dataname=frame, timeframe=bt.TimeFrame.Seconds, compression=15))
    cerebro.broker.setcash(1e9)
    cerebro.broker.set_coc(True)
    cerebro.addstrategy(strategy(trades))

    def run() -> list[tuple[int, int, int, int]]:
        cerebro.run()
        return trades

    return run


if __name__ == "__main__":
    run_peer(play)
