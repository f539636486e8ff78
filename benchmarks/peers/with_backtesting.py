"""The rule in backtesting.py: an entry at the close with its own stop-loss and take-profit."""

from __future__ import annotations

import importlib
from array import array
from collections.abc import Callable
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

bt: Any = importlib.import_module("backtesting")
pd: Any = importlib.import_module("pandas")


class Rule(bt.Strategy):  # type: ignore[misc]  # its base is known at run time
    def init(self) -> None:
        self.averages = Averages()
        self.latest = 0

    def next(self) -> None:
        number, close = len(self.data) - 1, self.data.Close[-1]
        crosses = number % PRINTS_A_MINUTE == PRINTS_A_MINUTE - 1 and self.averages.crosses(close)
        if self.position:
            if number >= self.latest:
                self.trades[0].close()
        elif crosses and is_entry(number % PRINTS_A_DAY // PRINTS_A_MINUTE):
            target, stop = levels(round(close * 100))
            self.latest = last_print(number)
            self.buy(size=SHARES, tp=target / 100, sl=stop / 100)


def play(prints: array[int]) -> Callable[[], list[tuple[int, int, int, int]]]:
    close = [cents / 100 for cents in prints]
    index = pd.date_range("2025-01-02", periods=len(prints), freq="15s")
    frame = pd.DataFrame(dict.fromkeys(("Open", "High", "Low", "Close"), close), index=index)
    test = bt.Backtest(frame.assign(Volume=1), Rule, cash=1e9, trade_on_close=True, finalize_trades=False)

    def run() -> list[tuple[int, int, int, int]]:
        found = test.run()["_trades"]
        rows = zip(found.EntryBar, found.ExitBar, found.EntryPrice, found.ExitPrice, strict=True)
        return [
            (int(entry), int(exit_), round(paid * 100), round(got * 100)) for entry, exit_, paid, got in rows
        ]

    return run


if __name__ == "__main__":
    run_peer(play)
