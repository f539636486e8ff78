"""A stored day of option quotes as the chain that the simulator quotes from."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bot.backtest.feed.bars import instant
from bot.backtest.store.kinds import MINUTE_US, Int64s, stamps
from bot.domain.session import session_at
from bot.domain.types import Right, Symbol
from bot.sim.market.recorded.chain import RecordedChain, RecordedContract

_ABSENT = -1


def as_chain(symbol: Symbol, table: pa.Table) -> RecordedChain | None:
    """Every contract's quotes by the minute, each side filled forward within the day; None for no rows."""
    us = stamps(table)
    session = session_at(instant(int(us[0]) - 1)) if len(us) else None
    if session is None:
        return None
    open_us = round(session.open.timestamp()) * 1_000_000
    row = np.clip((us - open_us) // MINUTE_US - 1, 0, session.minutes - 1)
    contracts, column = _contracts(table)
    shape = (session.minutes, len(contracts))

    def matrix(values: NDArray[np.float64]) -> NDArray[np.int32]:
        whole = np.full(shape, _ABSENT, np.int32)
        known = ~np.isnan(values)
        whole[row[known], column[known]] = np.rint(values[known])
        return _filled(whole)

    bid, ask, last = (table[name].to_numpy() * 100 for name in ("bid", "ask", "last"))
    sizes = [_floats(table, name) for name in ("bid_size", "ask_size", "volume")]
    return RecordedChain(
        symbol,
        session,
        contracts,
        matrix(bid),
        matrix(ask),
        matrix(sizes[0]),
        matrix(sizes[1]),
        matrix(last),
        matrix(sizes[2]),
    )


def _contracts(table: pa.Table) -> tuple[tuple[RecordedContract, ...], Int64s]:
    """The contracts in order, and for each row which one it is of."""
    names = list(
        zip(table["expiry"].to_pylist(), table["strike"].to_pylist(), table["right"].to_pylist(), strict=True)
    )
    interest = dict(zip(names, table["open_interest"].to_pylist(), strict=True))
    order = {name: n for n, name in enumerate(sorted(interest))}
    contracts = tuple(
        RecordedContract(expiry, _strike(strike), Right(right), interest[expiry, strike, right])
        for expiry, strike, right in order
    )
    return contracts, np.array([order[name] for name in names], dtype=np.int64)


def _strike(strike: float) -> Decimal:
    mills = Decimal(round(strike * 1000)).scaleb(-3)
    return mills.quantize(Decimal(1)) if mills == mills.to_integral() else mills.normalize()


def _floats(table: pa.Table, name: str) -> NDArray[np.float64]:
    return np.asarray(table[name].cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _filled(published: NDArray[np.int32]) -> NDArray[np.int32]:
    rows = np.arange(len(published), dtype=np.int32)[:, None]
    source = np.maximum.accumulate(np.where(published == _ABSENT, 0, rows), axis=0)
    return np.take_along_axis(published, source, axis=0)
