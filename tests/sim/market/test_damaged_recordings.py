"""A recording of the package whose bytes a bad card or a broken download has changed: whole, or one line. Never a traceback,
and never another price."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import date
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.errors import FixTheMachine
from bot.domain.session import session_on
from bot.sim.market.recorded.bars import rows_of
from bot.sim.market.recorded.chain import RecordedChain, chain_of

DAY = date(2011, 1, 26)
ROWS = gzip.compress(b"at,price\n2011-01-26T10:00,1.25\n2011-01-26T10:01,1.50\n" * 20, mtime=0)


def chain_file() -> bytes:
    """One contract's day, in the form of the recorded ones."""
    made = BytesIO()
    side = np.full((390, 1), 125, dtype=np.int32)
    np.savez_compressed(
        made,
        expiry=np.array([20110129], dtype=np.int32),
        strike_cents=np.array([13000], dtype=np.int32),
        right=np.array([b"C"]),
        open_interest=np.array([10], dtype=np.int32),
        trades=np.array([[1, 0, 125, 3]], dtype=np.int32),
        bid_cents=side,
        ask_cents=side + 1,
        bid_size=side,
        ask_size=side,
    )
    return made.getvalue()


CHAIN = chain_file()


def read_chain(packed: bytes) -> RecordedChain:
    session = session_on(DAY)
    assert session is not None
    return chain_of("x.npz", packed, "SPY", session)


def damages(whole: bytes) -> st.SearchStrategy[bytes]:
    """One byte changed, the end missing, or something else altogether."""
    place = st.integers(0, len(whole) - 1)
    return st.one_of(
        st.builds(
            lambda at, bits: whole[:at] + bytes([whole[at] ^ bits]) + whole[at + 1 :],
            place,
            st.integers(1, 255),
        ),
        place.map(lambda at: whole[:at]),
        st.binary(max_size=200),
    )


def test_the_whole_files_are_read() -> None:
    assert len(rows_of("x", ROWS, tuple)) == 59
    assert len(read_chain(CHAIN).contracts) == 1


def outcome(read: Callable[[], object]) -> object:
    """What is read, or the line that is said of it."""
    try:
        return read()
    except FixTheMachine as error:
        return str(error)


@settings(max_examples=60, deadline=None)
@given(damages(ROWS))
def test_damaged_rows_are_refused_by_name_or_are_the_same_rows(packed: bytes) -> None:
    found = outcome(lambda: rows_of("SPY_1m.csv.gz", packed, tuple))

    is_named = isinstance(found, str) and found.startswith("the recording SPY_1m.csv.gz is damaged (")
    assert is_named or found == rows_of("x", ROWS, tuple)


@settings(max_examples=60, deadline=None)
@given(damages(CHAIN))
def test_a_damaged_chain_is_refused_by_name_or_is_the_same_chain(packed: bytes) -> None:
    found = outcome(lambda: read_chain(packed).contracts)

    is_named = isinstance(found, str) and found.startswith("the recording x.npz is damaged (")
    assert is_named or found == read_chain(CHAIN).contracts


@pytest.mark.parametrize("row", ["2011-01-26", "x,1.25", "2011-01-26T10:00,1.25,9"])
def test_a_row_that_says_something_else_is_damage(row: str) -> None:
    def make(cells: list[str]) -> tuple[date, float]:
        at, price = cells
        return date.fromisoformat(at[:10]), float(price)

    with pytest.raises(FixTheMachine, match="install the bot again"):
        rows_of("x", gzip.compress(f"at,price\n{row}\n".encode()), make)
