"""The recorded GOOG chain: complete, filled forward only, and quiet before the first quote."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from bot.domain.types import Right
from bot.sim.market.recorded.bars import bars_1m
from bot.sim.market.recorded.chain import RecordedChain, RecordedQuote, recorded_chain

HALF_DAY = date(2015, 12, 24)


@pytest.fixture(scope="module")
def chain() -> RecordedChain:
    found = recorded_chain("GOOG", HALF_DAY)
    assert found is not None
    return found


def test_the_half_days_chain_is_the_whole_one(chain: RecordedChain) -> None:
    assert len(chain.contracts) == len(set(chain.contracts)) == 2192
    assert len({contract.expiry for contract in chain.contracts}) == 12
    assert chain.bid_cents.shape == chain.volume.shape == (210, 2192)
    assert sum(contract.open_interest is None for contract in chain.contracts) == 134


def test_a_side_once_published_stays_and_is_never_known_before(chain: RecordedChain) -> None:
    for side in (chain.bid_cents, chain.ask_cents, chain.bid_size, chain.last_cents):
        known = side != -1
        assert np.all(known[1:] | ~known[:-1])
    assert np.all(np.diff(chain.volume, axis=0) >= 0)
    assert (chain.bid_cents[-1] == -1).sum() == 347
    assert (chain.ask_cents[-1] == -1).sum() == 0


def test_quotes_are_uncrossed_while_both_sides_were_published(chain: RecordedChain) -> None:
    both = (chain.bid_cents > 0) & (chain.ask_cents > 0)
    crossed = both & (chain.bid_cents >= chain.ask_cents)
    # Filling forward may leave an old side beside a new one; that must stay a rarity.
    assert int(crossed.sum()) / int(both.sum()) < 0.001


def test_before_the_first_minute_has_ended_nothing_is_known(chain: RecordedChain) -> None:
    opening = chain.session.open
    nothing = RecordedQuote(None, None, None, None, None, 0)
    assert chain.quote(0, opening) == chain.quote(0, opening + timedelta(seconds=59)) == nothing
    assert chain.quote(0, opening + timedelta(minutes=1)) != nothing


def test_after_the_close_the_last_quote_stands(chain: RecordedChain) -> None:
    assert chain.quote(7, chain.session.close) == chain.quote(7, chain.session.close + timedelta(hours=2))


def test_the_money_is_where_the_stock_is(chain: RecordedChain) -> None:
    at = datetime(2015, 12, 24, 15, tzinfo=UTC)
    stock = next(bar.close for bar in bars_1m("GOOG", HALF_DAY) if bar.end == at)
    quotes = {
        (contract.strike, contract.right): chain.quote(index, at)
        for index, contract in enumerate(chain.contracts)
        if contract.expiry == date(2016, 1, 15)
    }
    strike = min({strike for strike, _ in quotes}, key=lambda strike: abs(float(strike) - stock))
    call, put = quotes[strike, Right.CALL], quotes[strike, Right.PUT]
    assert call.bid is not None
    assert put.ask is not None
    # Put-call parity at the money, three weeks out: within the spread and a little interest.
    assert abs(float(call.bid - put.ask) - (stock - float(strike))) < 2
    assert call.volume
    assert call.last is not None
    assert call.bid - Decimal(2) < call.last < call.bid + Decimal(2)


def test_the_day_before_has_only_the_expiring_contracts() -> None:
    chain = recorded_chain("GOOG", date(2015, 12, 23))
    assert chain is not None
    assert {contract.expiry for contract in chain.contracts} == {HALF_DAY}
    assert len(chain.contracts) == 118
    assert recorded_chain("SPY", date(2011, 1, 3)) is None
