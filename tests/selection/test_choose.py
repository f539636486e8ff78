"""The choice on a real chain: GOOG on a half-day, every minute, both directions."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import product

import pytest

from bot.domain.contract import Contract
from bot.domain.market import Quote
from bot.domain.types import ConId, Direction, Right, SecType
from bot.selection.choose import ContractChoice, SelectionRules, choose_contract
from bot.selection.expiry import ExpiryRule
from bot.selection.liquidity import LiquidityLimits
from bot.selection.no_contract import NoContract, NoContractCode
from bot.selection.strike import Moneyness, TargetDelta
from bot.sim.market.recorded.bars import bars_1m
from bot.sim.market.recorded.chain import RecordedChain, recorded_chain

TODAY = date(2015, 12, 24)
WEEKLY = date(2015, 12, 31)
BARS = bars_1m("GOOG", TODAY)
ANYTHING = LiquidityLimits(Decimal(9), Decimal(999), 0, 0, Decimal(9), Decimal(9))


@cache
def chain() -> RecordedChain:
    found = recorded_chain("GOOG", TODAY)
    assert found is not None
    return found


@cache
def watched(expiry: date | None = None) -> tuple[Contract, ...]:
    return tuple(
        Contract(
            con_id=con_id,
            symbol="GOOG",
            sec_type=SecType.OPTION,
            multiplier=100,
            expiry=c.expiry,
            strike=c.strike,
            right=c.right,
        )
        for con_id, c in enumerate(chain().contracts)
        if expiry is None or c.expiry == expiry
    )


def quotes(at: datetime, contracts: tuple[Contract, ...]) -> dict[ConId, Quote]:
    return {contract.con_id: quote(at, contract) for contract in contracts}


def quote(at: datetime, contract: Contract) -> Quote:
    recorded = chain().quote(contract.con_id, at)
    return Quote(
        con_id=contract.con_id,
        symbol="GOOG",
        at=at,
        bid=recorded.bid,
        ask=recorded.ask,
        volume=recorded.volume or None,
        open_interest=chain().contracts[contract.con_id].open_interest,
    )


def choose(minute: int, direction: Direction, rules: SelectionRules) -> ContractChoice | NoContract:
    bar, contracts = BARS[minute], watched(WEEKLY)
    return choose_contract(direction, bar.close, contracts, quotes(bar.end, contracts), TODAY, rules)


def test_each_minute_ends_in_a_choice_within_the_limits_or_a_refusal_with_figures() -> None:
    limits = LiquidityLimits(max_spread_pct=Decimal("0.10"))
    seen: set[str] = set()
    for minute, direction in product(range(0, 210, 3), Direction):
        found = choose(minute, direction, SelectionRules(liquidity=limits, alternatives=0))
        if isinstance(found, NoContract):
            seen.add(found.code)
            assert found.numbers["contract"].startswith("GOOG 2015-12-31")
            continue
        seen.add("chosen")
        assert found.contract.right is direction.right
        assert found.contract.expiry == WEEKLY
        spread, mid = found.quote.spread, found.quote.mid
        assert spread is not None
        assert mid is not None
        assert spread <= limits.max_spread_usd
        assert spread / mid <= limits.max_spread_pct
        assert found.quote.volume is None or found.quote.volume >= limits.min_volume
    assert {
        "chosen",
        NoContractCode.SPREAD_WIDE_PCT,
        NoContractCode.SPREAD_WIDE_USD,
        NoContractCode.VOLUME_LOW,
    } <= seen


def test_where_the_named_contract_is_held_or_unfit_the_next_one_is_taken_and_a_refusal_lists_them() -> None:
    bar, contracts = BARS[100], watched(WEEKLY)
    known = quotes(bar.end, contracts)
    rules = SelectionRules(liquidity=ANYTHING)

    def chosen(held: set[ConId], alternatives: int = 2) -> ContractChoice | NoContract:
        tried = replace(rules, alternatives=alternatives)
        return choose_contract(Direction.BULLISH, bar.close, contracts, known, TODAY, tried, held)

    first = chosen(set())
    assert isinstance(first, ContractChoice)
    second = chosen({first.contract.con_id})
    assert isinstance(second, ContractChoice)
    assert first.contract.strike != second.contract.strike
    refused = chosen({first.contract.con_id, second.contract.con_id}, alternatives=1)
    assert refused == NoContract(
        NoContractCode.CONTRACT_HELD,
        {"contract": first.contract.label, "also_tried": f"{second.contract.label} CONTRACT_HELD"},
    )


def test_the_next_expiry_is_tried_where_no_strike_of_the_nearest_is_fit() -> None:
    bar = BARS[100]
    known = {c.con_id: quote(bar.end, c) for c in watched() if c.expiry != WEEKLY}
    rules = SelectionRules(
        expiry=ExpiryRule(1, 40, weekly_only=False), liquidity=ANYTHING, alternatives=len(watched(WEEKLY))
    )

    found = choose_contract(Direction.BULLISH, bar.close, watched(), known, TODAY, rules)

    assert isinstance(found, ContractChoice)
    assert found.contract.expiry is not None
    assert found.contract.expiry > WEEKLY


@pytest.mark.parametrize("minute", [0, 60, 209])
@pytest.mark.parametrize("direction", list(Direction))
def test_in_and_out_of_the_money_are_the_listed_neighbours(minute: int, direction: Direction) -> None:
    strikes = []
    for moneyness in (Moneyness.ITMP1, Moneyness.ATM, Moneyness.OTMP1):
        found = choose(minute, direction, SelectionRules(strike=moneyness, liquidity=ANYTHING))
        assert isinstance(found, ContractChoice)
        assert found.contract.strike is not None
        strikes.append(found.contract.strike)
    listed = sorted(
        {c.strike for c in watched(WEEKLY) if c.strike is not None and c.right is direction.right}
    )
    at_money = listed.index(strikes[1])
    assert abs(float(strikes[1]) - BARS[minute].close) == min(
        abs(float(s) - BARS[minute].close) for s in listed
    )
    step = -1 if direction is Direction.BULLISH else 1
    assert strikes[0] == listed[at_money + step]
    assert strikes[2] == listed[at_money - step]
    premiums = [mid_of(minute, direction, strike) for strike in strikes]
    assert premiums == sorted(premiums, reverse=True)


def mid_of(minute: int, direction: Direction, strike: Decimal) -> Decimal:
    contract = next(c for c in watched(WEEKLY) if c.strike == strike and c.right is direction.right)
    mid = quote(BARS[minute].end, contract).mid
    assert mid is not None
    return mid


def test_the_expiry_is_chosen_among_all_that_are_watched() -> None:
    bar = BARS[100]
    known = quotes(bar.end, watched())
    for rule, expected in [
        (ExpiryRule(), WEEKLY),
        (ExpiryRule(0, 0, weekly_only=False), TODAY),
        (ExpiryRule(20, 40, weekly_only=False), date(2016, 1, 15)),
    ]:
        rules = SelectionRules(expiry=rule, liquidity=ANYTHING)
        found = choose_contract(Direction.BEARISH, bar.close, watched(), known, TODAY, rules)
        assert isinstance(found, ContractChoice)
        assert found.contract.expiry == expected
        assert found.contract.right is Right.PUT


def test_no_real_premium_of_the_day_near_the_money_is_called_insane() -> None:
    any_spread = LiquidityLimits(Decimal(9), Decimal(999), 0, 0)
    for minute, direction, moneyness in product(range(0, 210, 7), Direction, Moneyness):
        found = choose(minute, direction, SelectionRules(strike=moneyness, liquidity=any_spread))
        assert isinstance(found, ContractChoice), found


def test_a_stocks_price_in_place_of_a_premium_is_refused() -> None:
    contracts, bar = watched(WEEKLY), BARS[100]
    price = Decimal(str(bar.close))
    wrong = {
        c.con_id: Quote(
            con_id=c.con_id,
            symbol="GOOG",
            at=bar.end,
            bid=price,
            ask=price + Decimal("0.02"),
            volume=10**6,
            open_interest=10**6,
        )
        for c in contracts
    }
    found = choose_contract(Direction.BULLISH, bar.close, contracts, wrong, TODAY, SelectionRules())
    assert isinstance(found, NoContract)
    assert found.code is NoContractCode.PREMIUM_ABOVE_BOUND


@pytest.mark.parametrize("spot", [None, float("nan"), 0.0, -1.0])
def test_without_the_underlyings_price_nothing_is_chosen(spot: float | None) -> None:
    found = choose_contract(Direction.BULLISH, spot, watched(WEEKLY), {}, TODAY, SelectionRules())
    assert isinstance(found, NoContract)
    assert found.code is NoContractCode.UNDERLYING_PRICE_UNKNOWN


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        (SelectionRules(expiry=ExpiryRule(100, 120)), NoContractCode.EXPIRY_NONE_FITS),
        (SelectionRules(strike=TargetDelta(0.4)), NoContractCode.DELTA_UNKNOWN),
        (SelectionRules(), NoContractCode.QUOTE_MISSING),
    ],
)
def test_what_is_missing_is_named(rules: SelectionRules, code: NoContractCode) -> None:
    found = choose_contract(Direction.BULLISH, 748.0, watched(), {}, TODAY, rules)
    assert isinstance(found, NoContract)
    assert found.code is code
    assert found.numbers


def test_an_empty_watchlist_is_a_refusal_and_not_an_accident() -> None:
    found = choose_contract(Direction.BULLISH, 748.0, (), {}, TODAY, SelectionRules())
    assert found == NoContract(
        NoContractCode.EXPIRY_NONE_FITS, {"today": "2015-12-24", "watched": "0", "nearest": "unknown"}
    )


def test_yesterdays_watchlist_is_not_traded_on_its_last_day() -> None:
    after = WEEKLY + timedelta(days=4)
    found = choose_contract(Direction.BULLISH, 748.0, watched(WEEKLY), {}, after, SelectionRules())
    assert isinstance(found, NoContract)
    assert found.code is NoContractCode.EXPIRY_NONE_FITS
