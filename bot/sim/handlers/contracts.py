"""Requests about contracts: details, option parameters, symbols, market rules, venues."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from bot.domain.types import SecType
from bot.sim.exchange.fractions.sizes import STEP
from bot.sim.gateway.core import NO_ID, GatewayCore, Handler
from bot.sim.market.listing import ContractDetails
from bot.sim.messages.contract_lookup import NO_DEFINITION, is_combo, names_no_type, validation
from bot.sim.messages.formatting import describe, end_of_trading, query_of, without_trailing_zeros

if TYPE_CHECKING:
    from bot.sim.gateway.session import ClientSession
    from bot.wire import WireMessage

BBO_EXCHANGE: Final = "9c0001"
"""The code of tickReqParams that reqSmartComponents explains."""
_SLICE: Final = 50
"""Contracts at once: about five milliseconds."""
_VENUES: Final = (
    *(("AMEX", "A"), ("CBOE", "W"), ("NASDAQ", "Q"), ("NYSE", "N"), ("ARCA", "P"), ("BATS", "Z")),
    *(("ISE", "I"), ("PHLX", "X"), ("BOX", "B")),
)


def contract_details(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    """One message a contract and the end; a long list is let through at a bounded rate."""
    if names_no_type(message):
        cause = validation(message.kind, "Please enter a valid security type")
        core.error(session, message.reqId, 321, cause)
        return
    if is_combo(message):
        # ib_async users' logs (pysystemtrade #1639) have the text.
        cause = "'BAG' isn't supported for contract data request. Please enter a valid security type"
        core.error(session, message.reqId, 321, validation(message.kind, cause))
        return
    core.answer_in_slices(session, _search(core, session, message), message.kind)


def _search(core: GatewayCore, session: ClientSession, message: WireMessage) -> Generator[None, None, None]:
    exchange = message.exchange.strip().upper()
    rows = []
    for details in core.world.matching_contracts(query_of(message)):
        rows.append((details, exchange or details.contract.exchange))
        if len(rows) % _SLICE == 0:
            yield
    if not rows:
        core.error(session, message.reqId, 200, NO_DEFINITION)
        return
    is_long = len(rows) > core.settings.details_at_once
    first = core.settings.details_per_second if is_long else len(rows)
    _send_details(core, session, message.reqId, rows, 0, first)


def _send_details(
    core: GatewayCore,
    session: ClientSession,
    req_id: int,
    rows: list[tuple[ContractDetails, str]],
    start: int,
    end: int,
) -> None:
    for details, exchange in rows[start:end]:
        values = {**details_values(details), "exchange": exchange}
        core.send(session, "contractDetails", reqId=req_id, **values)
    if end >= len(rows):
        core.send(session, "contractDetailsEnd", reqId=req_id)
        return
    following = end + core.settings.details_per_second
    rest = partial(_send_details, core, session, req_id, rows, end, following)
    core.timers.at(core.now + timedelta(seconds=1), rest)


def details_values(details: ContractDetails) -> dict[str, Any]:
    contract = details.contract
    values = describe(contract)
    if contract.expiry is not None:
        values["lastTradeDateOrContractMonth"] = end_of_trading(contract.expiry)
        values["lastTradeDate"] = f"{contract.expiry:%Y%m%d}"
    is_stock = contract.sec_type is SecType.STOCK
    return {
        **values,
        "marketName": details.market_name,
        "minTick": without_trailing_zeros(details.min_tick),
        "orderTypes": details.order_types,
        "validExchanges": details.valid_exchanges,
        "underConId": details.under_con_id,
        "longName": details.long_name,
        "primaryExchange": contract.primary_exchange,
        "contractMonth": details.contract_month,
        "industry": details.industry,
        "category": details.category,
        "secIdList": [{"tag": tag, "value": value} for tag, value in details.sec_ids],
        "timeZoneId": details.time_zone,
        "tradingHours": details.trading_hours,
        "liquidHours": details.liquid_hours,
        "underSymbol": details.under_symbol,
        "underSecType": details.under_sec_type,
        "marketRuleIds": details.market_rule_ids,
        "realExpirationDate": f"{details.real_expiry:%Y%m%d}" if details.real_expiry else "",
        "stockType": details.stock_type,
        "minSize": STEP if is_stock else 1,
        "sizeIncrement": STEP if is_stock else 1,
        "suggestedSizeIncrement": 100 if is_stock else 1,
    }


def option_parameters(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    """One answer an exchange and trading class, and the end; or an error, so that nobody waits, where there are none."""
    if core.world.contract(message.underlyingConId) is None:
        cause = validation(message.kind, "Invalid contract id")
        core.error(session, message.reqId, 321, cause)
        return
    found = core.world.option_parameters(message.underlyingConId)
    answers = [answer for answer in found if message.futFopExchange in ("", answer.exchange)]
    if not answers:
        core.error(session, message.reqId, 200, NO_DEFINITION)
        return
    for answer in answers:
        core.send(
            session,
            "securityDefinitionOptionParameter",
            reqId=message.reqId,
            exchange=answer.exchange,
            underlyingConId=answer.under_con_id,
            tradingClass=answer.trading_class,
            multiplier=str(answer.multiplier),
            expirations=[f"{day:%Y%m%d}" for day in answer.expiries],
            strikes=[without_trailing_zeros(strike) for strike in answer.strikes],
        )
    core.send(session, "securityDefinitionOptionParameterEnd", reqId=message.reqId)


def matching_symbols(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    found = core.world.matching_symbols(message.pattern)
    described = [
        {
            "conId": details.contract.con_id,
            "symbol": details.contract.symbol,
            "secType": str(details.contract.sec_type),
            "primaryExchange": details.contract.primary_exchange,
            "currency": details.contract.currency,
            "derivativeSecTypes": _derivatives(core, details),
            "description": details.long_name,
        }
        for details in found
    ]
    core.send(session, "symbolSamples", reqId=message.reqId, contractDescriptions=described)


def _derivatives(core: GatewayCore, details: ContractDetails) -> list[str]:
    return ["OPT"] if core.world.option_parameters(details.contract.con_id) else []


def market_rule(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    grid = core.world.market_rule(message.marketRuleId)
    if grid is None:
        # The request has no id; IB cannot name it either.
        cause = validation(message.kind, f"Invalid market rule id {message.marketRuleId}")
        core.error(session, NO_ID, 321, cause)
        return
    steps = [{"lowEdge": low, "increment": increment} for low, increment in grid.steps]
    core.send(session, "marketRule", marketRuleId=message.marketRuleId, priceIncrements=steps)


def depth_exchanges(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    del message
    core.send(session, "mktDepthExchanges", descriptions=[])


def smart_components(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    if message.bboExchange != BBO_EXCHANGE:
        cause = validation(message.kind, f"Invalid BBO exchange code '{message.bboExchange}'")
        core.error(session, message.reqId, 321, cause)
        return
    components = [
        {"bitNumber": bit, "exchange": name, "exchangeLetter": letter}
        for bit, (name, letter) in enumerate(_VENUES)
    ]
    core.send(session, "smartComponents", reqId=message.reqId, components=components)


HANDLERS: dict[str, Handler] = {
    "reqContractDetails": contract_details,
    "reqSecDefOptParams": option_parameters,
    "reqMatchingSymbols": matching_symbols,
    "reqMarketRule": market_rule,
    "reqMktDepthExchanges": depth_exchanges,
    "reqSmartComponents": smart_components,
}
