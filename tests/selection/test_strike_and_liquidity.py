"""Strikes on a small ladder, and each reason for which a quote is refused."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.contract import Contract
from bot.domain.market import Quote
from bot.domain.types import ConId, Right, SecType
from bot.selection.liquidity import LiquidityLimits, judge_quote
from bot.selection.no_contract import NoContract, NoContractCode
from bot.selection.strike import Moneyness, StrikeRule, TargetDelta, parse_strike, strikes_in_order

EXPIRY = date(2011, 1, 7)
AT = datetime(2011, 1, 3, 15, tzinfo=UTC)


def option(strike: str, right: Right = Right.CALL) -> Contract:
    return Contract(
        con_id=int(Decimal(strike) * 100),
        symbol="SPY",
        sec_type=SecType.OPTION,
        multiplier=100,
        expiry=EXPIRY,
        strike=Decimal(strike),
        right=right,
    )


def quote(**fields: Any) -> Quote:
    known: dict[str, Any] = {
        "bid": Decimal("1.00"),
        "ask": Decimal("1.04"),
        "volume": 500,
        "open_interest": 5_000,
    }
    return Quote(con_id=12_700, symbol="SPY", at=AT, **(known | fields))


def ladder(right: Right) -> list[Contract]:
    return [option(strike, right) for strike in ("129", "125", "126", "127", "128")]


def first_strike(
    contracts: list[Contract], quotes: dict[ConId, Quote], spot: float, rule: StrikeRule
) -> Contract | NoContract:
    found = strikes_in_order(contracts, quotes, spot, rule)
    return found if isinstance(found, NoContract) else found[0]


@pytest.mark.parametrize(
    ("right", "order"), [(Right.CALL, "127 128 126 129 125"), (Right.PUT, "127 126 128 125 129")]
)
def test_the_next_strikes_are_the_nearest_and_the_cheaper_of_two_equally_near(
    right: Right, order: str
) -> None:
    found = strikes_in_order(ladder(right), {}, 127.3, Moneyness.ATM)
    assert not isinstance(found, NoContract)
    assert " ".join(str(contract.strike) for contract in found) == order


@pytest.mark.parametrize(
    ("right", "rule", "expected"),
    [
        (Right.CALL, Moneyness.ATM, "127"),
        (Right.CALL, Moneyness.ITMP1, "126"),
        (Right.CALL, Moneyness.OTMP1, "128"),
        (Right.PUT, Moneyness.ATM, "127"),
        (Right.PUT, Moneyness.ITMP1, "128"),
        (Right.PUT, Moneyness.OTMP1, "126"),
    ],
)
def test_moneyness_mirrors_for_puts(right: Right, rule: Moneyness, expected: str) -> None:
    found = first_strike(ladder(right), {}, 127.3, rule)
    assert isinstance(found, Contract)
    assert found.strike == Decimal(expected)


def test_of_two_equally_near_strikes_the_lower_is_at_the_money() -> None:
    found = first_strike(ladder(Right.CALL), {}, 126.5, Moneyness.ATM)
    assert isinstance(found, Contract)
    assert found.strike == Decimal(126)


@pytest.mark.parametrize(
    ("spot", "rule"),
    [(124.9, Moneyness.ATM), (129.1, Moneyness.ATM), (129.0, Moneyness.OTMP1), (125.0, Moneyness.ITMP1)],
)
def test_a_strike_beyond_those_watched_is_not_guessed(spot: float, rule: Moneyness) -> None:
    found = first_strike(ladder(Right.CALL), {}, spot, rule)
    assert isinstance(found, NoContract)
    assert found.code is NoContractCode.STRIKE_NOT_WATCHED
    assert found.numbers["lowest"] == "125"


@pytest.mark.parametrize(("target", "expected"), [(0.5, "127"), (0.32, "128"), (0.68, "126")])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_nearest_absolute_delta_is_taken(target: float, expected: str, sign: int) -> None:
    deltas = {"125": 0.8, "126": 0.66, "127": 0.5, "128": 0.33}
    quotes = {option(k).con_id: quote(delta=sign * delta) for k, delta in deltas.items()}
    found = first_strike(ladder(Right.CALL), quotes, 127.0, TargetDelta(target))
    assert isinstance(found, Contract)
    assert found.strike == Decimal(expected)


def test_a_delta_that_nobody_offers_is_a_refusal() -> None:
    quotes = {option("127").con_id: quote(delta=0.5)}
    found = first_strike(ladder(Right.CALL), quotes, 127.0, TargetDelta(0.2))
    assert isinstance(found, NoContract)
    assert found.code is NoContractCode.DELTA_OUT_OF_REACH
    assert found.numbers == {"target": "0.2", "nearest": "0.5", "strike": "127"}


def test_settings_of_the_strike_are_read() -> None:
    assert parse_strike("ATM") is Moneyness.ATM
    assert parse_strike("otmp1") is Moneyness.OTMP1
    assert parse_strike("delta:0.35") == TargetDelta(0.35)
    for text in ("itm", "delta:", "delta:35", "delta:x", ""):
        with pytest.raises(ValueError, match="moneyness"):
            parse_strike(text)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, None),
        ({"bid": None, "ask": None}, NoContractCode.QUOTE_MISSING),
        ({"bid": Decimal(-1), "ask": Decimal("NaN")}, NoContractCode.QUOTE_MISSING),
        ({"bid": None}, NoContractCode.QUOTE_ONE_SIDED),
        ({"bid": Decimal(0)}, NoContractCode.QUOTE_ONE_SIDED),
        ({"ask": None}, NoContractCode.QUOTE_ONE_SIDED),
        ({"bid": Decimal("1.10")}, NoContractCode.QUOTE_CROSSED),
        ({"bid": Decimal("1.04")}, None),
        ({"bid": Decimal("0.90")}, NoContractCode.SPREAD_WIDE_PCT),
        ({"bid": Decimal("19.0"), "ask": Decimal("19.6")}, NoContractCode.SPREAD_WIDE_USD),
        ({"volume": 9}, NoContractCode.VOLUME_LOW),
        ({"volume": 0}, NoContractCode.VOLUME_LOW),
        ({"open_interest": 99}, NoContractCode.OPEN_INTEREST_LOW),
        ({"volume": None}, None),
        ({"open_interest": None}, None),
        ({"volume": None, "open_interest": None}, NoContractCode.LIQUIDITY_UNKNOWN),
        ({"volume": None, "open_interest": 99}, NoContractCode.OPEN_INTEREST_LOW),
        ({"bid": Decimal("127.00"), "ask": Decimal("127.01")}, NoContractCode.PREMIUM_ABOVE_BOUND),
    ],
)
def test_each_reason_is_told_apart(fields: dict[str, Any], code: NoContractCode | None) -> None:
    refusal = judge_quote(option("127"), quote(**fields), 127.0, LiquidityLimits())
    assert (refusal.code if refusal else None) is code


def test_a_premium_below_intrinsic_value_is_not_this_options() -> None:
    for right, spot in ((Right.CALL, 131.0), (Right.PUT, 123.0)):
        refusal = judge_quote(option("127", right), quote(), spot, LiquidityLimits())
        assert refusal is not None
        assert refusal.code is NoContractCode.PREMIUM_BELOW_INTRINSIC
        assert refusal.numbers["intrinsic"] == "4"


def test_a_floor_of_zero_asks_nothing() -> None:
    nothing_known = quote(volume=None, open_interest=None)
    assert (
        judge_quote(option("127"), nothing_known, 127.0, LiquidityLimits(min_volume=0, min_open_interest=0))
        is None
    )
    only_volume = LiquidityLimits(min_open_interest=0)
    refusal = judge_quote(option("127"), quote(volume=None), 127.0, only_volume)
    assert refusal is not None
    assert refusal.code is NoContractCode.LIQUIDITY_UNKNOWN


prices = st.none() | st.decimals("-1", "50", places=2)
counts = st.none() | st.integers(0, 10_000)


@given(prices, prices, counts, counts, st.floats(100, 150))
def test_what_passes_is_within_every_limit(
    bid: Decimal | None, ask: Decimal | None, volume: int | None, open_interest: int | None, spot: float
) -> None:
    limits = LiquidityLimits()
    known = quote(bid=bid, ask=ask, volume=volume, open_interest=open_interest)
    if judge_quote(option("127"), known, spot, limits) is None:
        assert bid is not None
        assert ask is not None
        assert 0 < bid <= ask <= bid + limits.max_spread_usd
        assert ask - bid <= limits.max_spread_pct * (ask + bid) / 2
        assert volume is None or volume >= limits.min_volume
        assert open_interest is None or open_interest >= limits.min_open_interest
        assert volume is not None or open_interest is not None
