"""Several accounts of one login, an advisor's groups, kinds of accounts and base currencies, as client libraries see them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bot.domain.errors import FixTheConfiguration
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.exchange.logins.accounts import shared_out
from bot.sim.exchange.logins.login import AccountGroup, AccountTerms, AccountType, Allocation, Login
from bot.sim.faults.scenario import parse
from bot.sim.world.build import recorded_world, synthetic_world
from bot.sim.world.world import World
from tests.sim.desk import DAY, Desk
from tests.sim.raw import SPY, Bench

pytestmark = pytest.mark.line

RICH, POOR, MASTER = "DU1111111", "DU2222222", "DF3333333"
MakeDesk = Callable[..., Desk]


def world(*, advisor: bool = False, login: Login | None = None, **settings: Any) -> World:
    terms = (AccountTerms(RICH, Decimal(60_000)), AccountTerms(POOR, Decimal(20_000)))
    weights = {RICH: Decimal(1), POOR: Decimal(1)}
    groups = (
        AccountGroup("Both", Allocation.EQUAL, weights),
        AccountGroup("Wealth", Allocation.NET_LIQUIDATION, weights),
    )
    made = Login(terms, MASTER, groups) if advisor else Login(terms)
    return recorded_world(["SPY"], DAY, exchange_settings=ExchangeSettings(**settings), login=login or made)


def one(**terms: Any) -> Login:
    return Login((AccountTerms(RICH, Decimal(60_000), **terms),))


def order(desk: Desk, contract: Any, quantity: int, *, action: str = "BUY", **more: Any) -> Any:
    placed = desk.ib.placeOrder(contract, desk.lib.MarketOrder(action, quantity, **more))
    desk.advance(seconds=30)
    return placed


def held(desk: Desk) -> dict[str, float]:
    return {position.account: position.position for position in desk.do(desk.ib.reqPositionsAsync())}


def values(desk: Desk, account: str, tag: str) -> dict[str, str]:
    desk.do(desk.ib.reqAccountUpdatesMultiAsync(account))
    return {v.currency: v.value for v in desk.ib.accountValues(account) if v.tag == tag}


def test_a_login_lists_its_accounts_and_an_order_names_one(make_desk: MakeDesk) -> None:
    desk = make_desk(world())
    assert desk.ib.managedAccounts() == [RICH, POOR]
    desk.open_market()
    unnamed = order(desk, desk.spy(), 5)
    assert unnamed.orderStatus.status == "Cancelled"
    assert desk.codes() == [435]
    bought = order(desk, desk.spy(), 5, account=POOR)
    assert [fill.execution.acctNumber for fill in bought.fills] == [POOR]
    assert held(desk) == {POOR: 5.0}


def test_each_account_has_values_of_its_own(make_desk: MakeDesk) -> None:
    desk = make_desk(world())
    assert values(desk, RICH, "NetLiquidation") == {"USD": "60000.00"}
    assert values(desk, POOR, "NetLiquidation") == {"USD": "20000.00"}
    summary = desk.do(desk.ib.accountSummaryAsync())
    found = {row.account: row.value for row in summary if row.tag == "NetLiquidation"}
    assert found == {RICH: "60000.00", POOR: "20000.00"}


def test_an_unknown_account_is_refused_wherever_it_is_named(make_desk: MakeDesk) -> None:
    desk = make_desk(world())
    for ask in (desk.ib.client.reqPnL, desk.ib.client.reqPositionsMulti):
        ask(77, "U999", "")
    order(desk, desk.spy(), 1, account="U999")
    assert desk.codes() == [321, 321, 321]


def test_profit_and_loss_are_each_accounts_own_and_agree_with_its_values(make_desk: MakeDesk) -> None:
    desk = make_desk(world())
    desk.open_market()
    order(desk, desk.spy(), 10, account=POOR)
    rich, poor = desk.ib.reqPnL(RICH), desk.ib.reqPnL(POOR)
    desk.advance(minutes=2)
    assert rich.dailyPnL == 0.0
    assert poor.dailyPnL != 0.0
    net = desk.gateway.ask(lambda core: core.world.account_figures(POOR).net_liquidation)
    assert poor.dailyPnL == pytest.approx(float(net) - 20_000.0)


def test_an_advisors_order_is_shared_out_among_the_group(make_desk: MakeDesk) -> None:
    desk = make_desk(world(advisor=True))
    assert desk.ib.managedAccounts() == [MASTER, RICH, POOR]
    desk.open_market()
    nobody = order(desk, desk.spy(), 4)
    assert (nobody.orderStatus.status, desk.codes()) == ("Cancelled", [436])
    both = order(desk, desk.spy(), 5, faGroup="Both", faMethod="EqualQuantity")
    assert both.orderStatus.status == "Filled"
    assert held(desk) == {RICH: 3.0, POOR: 2.0}
    by_wealth = order(desk, desk.spy(), 8, faGroup="Wealth")
    assert {fill.execution.acctNumber: fill.execution.shares for fill in by_wealth.fills} == {
        RICH: 6,
        POOR: 2,
    }


def test_all_accounts_of_an_advisor_are_told_as_one(make_desk: MakeDesk) -> None:
    desk = make_desk(world(advisor=True))
    assert values(desk, "All", "NetLiquidation") == {"USD": "80000.00"}
    assert values(desk, f"{MASTER}A", "NetLiquidation") == {"USD": "80000.00"}


def test_groups_are_read_and_replaced_as_xml(make_desk: MakeDesk) -> None:
    desk = make_desk(world(advisor=True))
    xml = desk.do(desk.ib.requestFAAsync(1))
    assert "<name>Both</name>" in xml
    assert POOR in desk.do(desk.ib.requestFAAsync(3))
    new = f"<Group><name>Mine</name><ListOfAccts><String>{POOR}</String></ListOfAccts></Group>"
    desk.ib.client.replaceFA(9, 1, f"<ListOfGroups>{new}</ListOfGroups>")
    desk.settle()
    assert "Mine" in desk.do(desk.ib.requestFAAsync(1))
    desk.ib.client.replaceFA(10, 1, "<Group><name>Bad</name><String>U9</String></Group>")
    desk.settle()
    assert desk.codes() == [321]


def test_a_cash_account_sells_nothing_short_and_has_no_leverage(make_desk: MakeDesk) -> None:
    desk = make_desk(world(login=one(type=AccountType.CASH)))
    assert values(desk, RICH, "BuyingPower") == {"USD": "60000.00"}
    desk.open_market()
    short = order(desk, desk.spy(), 10, action="SELL")
    assert short.orderStatus.filled == 0
    assert "margin account" in desk.errors[-1][2]
    too_many = order(desk, desk.spy(), 600)
    assert desk.codes() == [201, 201]
    assert too_many.orderStatus.filled == 0


def test_portfolio_margin_asks_less_for_shares_than_regulation_t(make_desk: MakeDesk) -> None:
    asked = {}
    for kind in (AccountType.MARGIN, AccountType.PORTFOLIO):
        desk = make_desk(world(login=one(type=kind)))
        desk.open_market()
        asked[kind] = float(
            desk.do(desk.ib.whatIfOrderAsync(desk.spy(), desk.lib.MarketOrder("BUY", 100))).initMarginChange
        )
    assert asked[AccountType.PORTFOLIO] == pytest.approx(asked[AccountType.MARGIN] * 0.3, rel=0.01)


def test_another_base_currency_has_a_ledger_of_its_own(make_desk: MakeDesk) -> None:
    desk = make_desk(world(login=one(currency="EUR")))
    net = values(desk, RICH, "NetLiquidation")
    assert list(net) == ["EUR"]
    assert float(net["EUR"]) == pytest.approx(60_000.0, abs=0.01)
    desk.open_market()
    order(desk, desk.spy(), 10)
    cash = values(desk, RICH, "CashBalance")
    assert float(cash["EUR"]) == 60_000.0
    assert float(cash["USD"]) < -1_000.0
    rate = float(values(desk, RICH, "ExchangeRate")["USD"])
    assert float(cash["BASE"]) == pytest.approx(60_000.0 + float(cash["USD"]) * rate, abs=1.0)


def test_what_cannot_be_borrowed_cannot_be_sold_short(make_desk: MakeDesk) -> None:
    desk = make_desk(world(login=one(), not_shortable=("SPY",)))
    desk.open_market()
    order(desk, desk.spy(), 10, action="SELL")
    assert "short sale" in desk.errors[-1][2]
    order(desk, desk.spy(), 10)
    assert order(desk, desk.spy(), 10, action="SELL").orderStatus.status == "Filled"
    assert desk.codes() == [201]


@pytest.mark.parametrize(("scarce", "level"), [((), 3.0), (("SPY",), 1.0)])
def test_a_line_tells_whether_shares_can_be_borrowed(scarce: tuple[str, ...], level: float) -> None:
    client = Bench(world(not_shortable=scarce)).client()
    rest = {"snapshot": False, "regulatorySnapshot": False}
    told = client.say("reqMktData", reqId=1, **SPY, genericTickList="236", **rest)
    assert [m.value for m in told if m.kind == "tickGeneric" and m.tickType == 46] == [level]
    assert [bool(m.size) for m in told if m.kind == "tickSize" and m.tickType == 89] == [level > 2.5]


def test_nights_bring_interest_and_cost_what_is_borrowed() -> None:
    settings = ExchangeSettings(carries_overnight=True, borrow_fee=Decimal("0.36"))
    made = synthetic_world(["SPY"], date(2026, 1, 5), login=one(), exchange_settings=settings)
    made.advance_to(made.now.replace(day=9))
    earned = made.account_figures().accrued
    assert earned > 0
    assert made.account_figures().net_liquidation == Decimal(60_000) + earned
    made.advance_to(made.now.replace(month=2, day=2))
    paid = made.account_figures()
    assert paid.cash > 60_000
    assert paid.accrued < paid.cash - 60_000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("accounts: [{id: nonsense}]", "account id"),
        ("accounts: [{id: DU1, type: gold}]", "cash, margin, portfolio"),
        ("accounts: [{id: DU1, currency: XXX}]", "currency"),
        ("accounts: [{id: DU1}, {id: DU1}]", "twice"),
        ("accounts: [{id: DU1, colour: red}]", "colour"),
        ("advisor: DF1", "need accounts"),
        ("accounts: [{id: DU1}]\ngroups: {A: {accounts: [DU1]}}", "only an advisor"),
        ("accounts: [{id: DU1}]\nadvisor: DF1\ngroups: {A: {accounts: [DU2]}}", "not among"),
    ],
)
def test_a_mistake_in_a_files_accounts_is_named(text: str, words: str) -> None:
    with pytest.raises(FixTheConfiguration, match=words):
        parse(text.encode())


def test_a_file_describes_a_login() -> None:
    text = b"""
        accounts: [{id: DU1, equity: 5}, {id: DU2, type: cash}]
        advisor: DF1
        groups: {A: {accounts: {DU1: 2, DU2: 1}, method: Ratio}}
    """
    login = parse(text).login
    assert login is not None
    assert login.managed == ("DF1", "DU1", "DU2")
    assert login.groups[0].weights == {"DU1": Decimal(2), "DU2": Decimal(1)}


@pytest.mark.parametrize(("first", "more"), [(1, 2), (5, 1), (7, 11)])
def test_shares_add_up_and_nothing_is_taken_back(first: int, more: int) -> None:
    weights = {"a": Decimal(3), "b": Decimal(2), "c": Decimal(1)}
    given = shared_out(first, weights, {})
    added = shared_out(more, weights, given)
    assert sum(given.values()) == first
    assert sum(added.values()) == more
    assert min(added.values()) > 0
