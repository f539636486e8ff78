"""The rule in NautilusTrader: each print is a quote without a spread; a market entry with a bracket of its own.

Its risk engine, its logs and its analysis are off, as this project's exchange plays alone, too.
"""

from __future__ import annotations

import importlib
from array import array
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

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

engine: Any = importlib.import_module("nautilus_trader.backtest.engine")
config: Any = importlib.import_module("nautilus_trader.config")
currencies: Any = importlib.import_module("nautilus_trader.model.currencies")
data: Any = importlib.import_module("nautilus_trader.model.data")
enums: Any = importlib.import_module("nautilus_trader.model.enums")
identifiers: Any = importlib.import_module("nautilus_trader.model.identifiers")
instruments: Any = importlib.import_module("nautilus_trader.model.instruments")
models: Any = importlib.import_module("nautilus_trader.backtest.models")
objects: Any = importlib.import_module("nautilus_trader.model.objects")
strategies: Any = importlib.import_module("nautilus_trader.trading.strategy")

_PRINT_NS: Final = 15_000_000_000
_START_NS: Final = 1_735_828_200_000_000_000
"""2025-01-02 14:30 UTC. With data that begin in 1970 this release ends in a double free."""
_DEPTH: Final = 1_000_000
"""More than the rule trades: a fill is whole."""
_ID: Final = identifiers.InstrumentId.from_str("SPY.SIM")
_SIZE: Final = objects.Quantity.from_int(SHARES)


def _number(event: Any) -> int:
    """The print at whose time this happened."""
    return int((event.ts_event - _START_NS) // _PRINT_NS)


class Rule(strategies.Strategy):  # type: ignore[misc]  # its base is known at run time
    def __init__(self) -> None:
        super().__init__()
        self.averages = Averages()
        self.is_held = False
        self.entry = self.latest = self.paid = 0
        self.trades: list[tuple[int, int, int, int]] = []

    def on_start(self) -> None:
        self.subscribe_quote_ticks(_ID)

    def on_quote_tick(self, tick: Any) -> None:
        number, close = _number(tick), tick.bid_price.as_double()
        crosses = number % PRINTS_A_MINUTE == PRINTS_A_MINUTE - 1 and self.averages.crosses(close)
        if self.is_held:
            if number >= self.latest:
                self.cancel_all_orders(_ID)
                self.close_all_positions(_ID)
        elif crosses and is_entry(number % PRINTS_A_DAY // PRINTS_A_MINUTE):
            self.enter(number, round(close * 100))

    def enter(self, number: int, cents: int) -> None:
        target, stop = levels(cents)
        self.is_held, self.entry, self.latest = True, number, last_print(number)
        bracket = self.order_factory.bracket(
            instrument_id=_ID,
            order_side=enums.OrderSide.BUY,
            quantity=_SIZE,
            tp_order_type=enums.OrderType.MARKET_IF_TOUCHED,
            tp_trigger_price=objects.Price(target / 100, 2),
            sl_trigger_price=objects.Price(stop / 100, 2),
        )
        self.submit_order_list(bracket)

    def on_order_filled(self, event: Any) -> None:
        cents = round(event.last_px.as_double() * 100)
        if event.order_side == enums.OrderSide.BUY:
            self.paid = cents
            return
        self.is_held = False
        self.trades.append((self.entry, _number(event), self.paid, cents))


def _instrument() -> Any:
    return instruments.Equity(
        instrument_id=_ID,
        raw_symbol=_ID.symbol,
        currency=currencies.USD,
        price_precision=2,
        price_increment=objects.Price(0.01, 2),
        lot_size=objects.Quantity.from_int(1),
        maker_fee=Decimal(0),
        taker_fee=Decimal(0),
        ts_event=0,
        ts_init=0,
    )


def _quotes(prints: array[int]) -> list[Any]:
    depth = objects.Quantity.from_int(_DEPTH)
    found = []
    for number, cents in enumerate(prints):
        price, at_ns = objects.Price(cents / 100, 2), _START_NS + number * _PRINT_NS
        found.append(data.QuoteTick(_ID, price, price, depth, depth, at_ns, at_ns))
    return found


def play(prints: array[int]) -> Callable[[], list[tuple[int, int, int, int]]]:
    test = engine.BacktestEngine(
        config.BacktestEngineConfig(
            logging=config.LoggingConfig(bypass_logging=True),
            risk_engine=config.RiskEngineConfig(bypass=True),
            run_analysis=False,
        )
    )
    test.add_venue(
        _ID.venue,
        enums.OmsType.NETTING,
        enums.AccountType.MARGIN,
        [objects.Money(1_000_000_000, currencies.USD)],
        base_currency=currencies.USD,
        # Else a triggered order is filled at its trigger, and not at the print that triggered it.
        fill_model=models.BestPriceFillModel(),
    )
    test.add_instrument(_instrument())
    test.add_data(_quotes(prints))
    rule = Rule()
    test.add_strategy(rule)

    def run() -> list[tuple[int, int, int, int]]:
        test.run()
        return rule.trades

    return run


if __name__ == "__main__":
    run_peer(play)
