"""A recorded option chain: every listed contract's bid and ask at each minute of one session.

Rule: the file holds what the exchange published, and a side that the source did not repeat in a minute stays in force
(filled forward on load, within the day). A side that was never published is None: nobody bid. Sources: ``NOTICE``.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from io import BytesIO
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bot.domain.session import Session, session_on
from bot.domain.types import Right, Symbol
from bot.sim.market.recorded.bars import RECORDINGS, damaged

_Matrix = NDArray[np.int32]
_ABSENT: Final = -1
_CHAINS: Final = (("GOOG", date(2015, 12, 23)), ("GOOG", date(2015, 12, 24)))


@dataclass(frozen=True, slots=True)
class RecordedContract:
    """One listed contract. ``open_interest`` is the morning's figure in contracts, None where the source has none."""

    expiry: date
    strike: Decimal
    right: Right
    open_interest: int | None


@dataclass(frozen=True, slots=True)
class RecordedQuote:
    """One contract's book and tape: USD per unit, sizes and the day's volume so far in contracts. Unknown is None."""

    bid: Decimal | None
    ask: Decimal | None
    bid_size: int | None
    ask_size: int | None
    last: Decimal | None
    volume: int | None


@dataclass(frozen=True, slots=True, eq=False)
class RecordedChain:
    """The chain of one session. Row m of each matrix is what was in force at the end of minute m (0: 09:31).

    Matrices are minutes × contracts in the order of ``contracts``: cents, sizes, and the day's cumulated volume;
    -1 stands for "not published yet", of a volume for "the source does not tell".
    """

    symbol: Symbol
    session: Session
    contracts: tuple[RecordedContract, ...]
    bid_cents: _Matrix
    ask_cents: _Matrix
    bid_size: _Matrix
    ask_size: _Matrix
    last_cents: _Matrix
    volume: _Matrix

    def quote(self, index: int, at: datetime) -> RecordedQuote:
        """Return the quote of ``contracts[index]`` in force at that instant; all sides None before 09:31."""
        minute = self._minute(at)
        if minute < 0:
            before = 0 if self.volume[0, index] != _ABSENT else None  # a source that counts begins at none
            return RecordedQuote(None, None, None, None, None, before)
        where = (min(minute, self.session.minutes - 1), index)
        return RecordedQuote(
            bid=_price(self.bid_cents[where]),
            ask=_price(self.ask_cents[where]),
            bid_size=_count(self.bid_size[where]),
            ask_size=_count(self.ask_size[where]),
            last=_price(self.last_cents[where]),
            volume=_count(self.volume[where]),
        )

    def _minute(self, at: datetime) -> int:
        return (at - self.session.open) // timedelta(minutes=1) - 1


@cache
def recorded_chain(symbol: Symbol, day: date) -> RecordedChain | None:
    """Return that session's chain, None where none is recorded. On 2015-12-23 only the next day's expiry is."""
    session = session_on(day)
    if (symbol, day) not in _CHAINS or session is None:
        return None
    name = f"{symbol}_{day}_chain.npz"
    return chain_of(name, (RECORDINGS / name).read_bytes(), symbol, session)


def chain_of(name: str, packed: bytes, symbol: Symbol, session: Session) -> RecordedChain:
    """The chain of a recording's bytes. Errors: FixTheMachine where they are damaged."""
    try:
        with np.load(BytesIO(packed)) as arrays:
            return _unpack(symbol, session, arrays)
    except Exception as error:  # noqa: BLE001  zipfile, zlib and numpy have a dozen names for damage
        raise damaged(name, error) from None


def _unpack(symbol: Symbol, session: Session, arrays: Any) -> RecordedChain:
    # Any: numpy types an opened .npz as a mapping to untyped arrays.
    columns = (arrays[name].tolist() for name in ("expiry", "strike_cents", "right", "open_interest"))
    contracts = tuple(_contract(*row) for row in zip(*columns, strict=True))
    last_cents, volume = _tape(arrays["trades"], (session.minutes, len(contracts)))
    sides = {name: _filled(arrays[name]) for name in ("bid_cents", "ask_cents", "bid_size", "ask_size")}
    return RecordedChain(symbol, session, contracts, **sides, last_cents=last_cents, volume=volume)


def _contract(expiry: int, strike_cents: int, right: bytes, open_interest: int) -> RecordedContract:
    return RecordedContract(
        expiry=date(expiry // 10_000, expiry // 100 % 100, expiry % 100),
        strike=Decimal(strike_cents) / 100,
        right=Right(right.decode()),
        open_interest=_count(open_interest),
    )


def _filled(published: NDArray[np.integer[Any]]) -> _Matrix:
    """Carry each column's last published value down."""
    rows = np.arange(len(published), dtype=np.int32)[:, None]
    source = np.maximum.accumulate(np.where(published == _ABSENT, 0, rows), axis=0)
    return np.take_along_axis(published, source, axis=0).astype(np.int32)


def _tape(trades: NDArray[np.int32], shape: tuple[int, int]) -> tuple[_Matrix, _Matrix]:
    """Spread the prints (minute's end, contract, cents, contracts traded) over the session."""
    last = np.full(shape, _ABSENT, np.int32)
    traded = np.zeros(shape, np.int32)
    minute, contract, cents, size = trades.T
    last[minute - 1, contract] = cents
    traded[minute - 1, contract] = size
    return _filled(last), np.cumsum(traded, axis=0, dtype=np.int32)


def _price(cents: int) -> Decimal | None:
    return None if cents == _ABSENT else Decimal(int(cents)) / 100


def _count(number: int) -> int | None:
    return None if number == _ABSENT else int(number)
