"""One contract's quote, put together from IB's ticks. Pure. Tick numbers: IBKR Campus, "Available Tick Types"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bot.broker.connection.errors import UnreadableAnswer
from bot.broker.translate.numbers import figure, price, to_size
from bot.domain.contract import Contract
from bot.domain.market import DataType, Quote
from bot.domain.types import Right

# IBKR Campus, "Available Tick Types": the live number and its delayed counterpart. 13 and 83 are the model's greeks; 27 and
# 28 are open interest of calls and puts.
_BID, _ASK, _LAST = {1, 66}, {2, 67}, {4, 68}
_BID_SIZE, _ASK_SIZE, _VOLUME = {0, 69}, {3, 70}, {8, 74}
_CALL_OPEN_INTEREST, _PUT_OPEN_INTEREST = 27, 28
_MODEL = {13, 83}
# 49 "Halted": 0 is not halted, 1 a general halt (regulatory), 2 a volatility halt.
_HALTED, _HALT_STATES = 49, {0.0: False, 1.0: True, 2.0: True}
# IBKR Campus, "Market Data Type Behavior".
_DATA_TYPES = {1: DataType.LIVE, 2: DataType.FROZEN, 3: DataType.DELAYED, 4: DataType.DELAYED_FROZEN}


def to_data_type(number: int) -> DataType:
    """IB's number as the bot's type. Raises UnreadableAnswer for another number."""
    try:
        return _DATA_TYPES[number]
    except KeyError:
        raise UnreadableAnswer(f"unknown market data type {number}") from None


@dataclass(slots=True)
class QuoteTicks:
    """What the broker has said of one contract so far; a "no quote" tick takes a price away again."""

    contract: Contract
    bid: Decimal | None = None
    ask: Decimal | None = None
    bid_size: int | None = None
    ask_size: int | None = None
    last: Decimal | None = None
    volume: int | None = None
    open_interest: int | None = None
    delta: float | None = None
    implied_vol: float | None = None
    underlying_price: float | None = None
    data_type: DataType = DataType.LIVE
    is_halted: bool = False

    def handle_price(self, tick: int, value: float, units: float) -> bool:
        """Take a price with its size; False for a tick that is none of ours."""
        if tick in _BID:
            self.bid, self.bid_size = price(value), to_size(units)
        elif tick in _ASK:
            self.ask, self.ask_size = price(value), to_size(units)
        elif tick in _LAST:
            self.last = price(value)
        else:
            return False
        return True

    def handle_size(self, tick: int, units: float) -> bool:
        if tick in _BID_SIZE:
            self.bid_size = to_size(units)
        elif tick in _ASK_SIZE:
            self.ask_size = to_size(units)
        elif tick in _VOLUME:
            self.volume = to_size(units)
        elif tick == self._open_interest_tick:
            self.open_interest = to_size(units)
        else:
            return False
        return True

    def handle_model(self, tick: int, implied_vol: float, delta: float, underlying: float) -> bool:
        """The broker's own model alone; IB says -1 and -2 for "not computed"."""
        if tick not in _MODEL:
            return False
        vol, slope, spot = figure(implied_vol), figure(delta), figure(underlying)
        self.implied_vol = None if vol is None or vol <= 0 else vol
        self.delta = None if slope is None or not -1 <= slope <= 1 else slope
        self.underlying_price = None if spot is None or spot <= 0 else spot
        return True

    def handle_generic(self, tick: int, value: float) -> bool:
        """Whether trading is halted, when that is news; -1 says that nobody knows."""
        if tick != _HALTED or value not in _HALT_STATES or self.is_halted is _HALT_STATES[value]:
            return False
        self.is_halted = _HALT_STATES[value]
        return True

    @property
    def _open_interest_tick(self) -> int:
        return _PUT_OPEN_INTEREST if self.contract.right is Right.PUT else _CALL_OPEN_INTEREST

    def clear(self) -> None:
        """Forget all of it: the line was cut, and what was true then is not known to be true now."""
        self.bid = self.ask = self.last = None
        self.bid_size = self.ask_size = self.volume = self.open_interest = None
        self.delta = self.implied_vol = self.underlying_price = None

    def quote(self, at: datetime) -> Quote:
        return Quote(
            con_id=self.contract.con_id,
            symbol=self.contract.symbol,
            at=at,
            bid=self.bid,
            ask=self.ask,
            bid_size=self.bid_size,
            ask_size=self.ask_size,
            last=self.last,
            volume=self.volume,
            open_interest=self.open_interest,
            delta=self.delta,
            implied_vol=self.implied_vol,
            underlying_price=self.underlying_price,
            data_type=self.data_type,
            is_halted=self.is_halted,
        )
