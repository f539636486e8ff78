"""Which contracts exist: the underlying, its chain, and the real pairs of strike and right, each asked for once a day.

Rule: IB's expiries × strikes is a superset. Only a pair with contract details of its own is ever named, complete with
conId, multiplier and tick grid. That something does not exist is said in so many words, never by an empty answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from bot.broker.connection.context import BrokerContext
from bot.broker.connection.errors import RequestTrouble
from bot.broker.translate.contracts import flat_grid, tick_rule_id, to_chain, to_contract, to_tick_grid
from bot.broker.translate.numbers import figure
from bot.domain import broker_messages as b
from bot.domain.calendar.liquid_hours import earlier_close, exchange_zone, parse_liquid_hours
from bot.domain.contract import Contract, TickGrid
from bot.domain.session import new_york_day
from bot.domain.types import ConId, Right, SecType, Symbol

Pair = tuple[Symbol, str, date, Decimal, Right]

# ib_async #95; IBKR Campus, "Options: Option Chains", says that whole-chain requests are throttled.
_AT_ONCE = 8
"""Contract requests under way together; whole chains at once have hung gateways."""
# OCC: a standard equity option is on 100 shares; corporate actions make adjusted ones, exchanges list minis.
_STANDARD_MULTIPLIER = 100
# IBKR Campus, "TWS API: Error Codes": no security definition was found. A chain lists every strike with every expiry, also
# pairs that do not exist, so 200 is an ordinary answer here.
_NO_SUCH_CONTRACT = 200


class ContractQueries:
    def __init__(self, link: BrokerContext) -> None:
        self._link = link
        self._day: date | None = None
        self._known: dict[ConId, Contract] = {}
        self._pairs: dict[Pair, Contract | None] = {}
        self._grids: dict[int, TickGrid] = {}
        self.tell_ambiguous: Callable[[str], None] = lambda _: None

    def table(self) -> dict[str, Callable[..., None]]:
        """By the name of the library's wrapper method."""
        requests = self._link.requests
        return {
            "contractDetails": requests.add,
            "contractDetailsEnd": requests.end,
            "securityDefinitionOptionParameter": self._chain_part,
            "securityDefinitionOptionParameterEnd": requests.end,
            "marketRule": lambda rule_id, steps: requests.end(f"marketRule-{rule_id}", list(steps)),
        }

    def resolve(self, found: Any) -> Contract:
        """Our contract for a library one in an order, a fill or a position: the qualified one where we have it."""
        known = self._known.get(int(found.conId))
        return known if known is not None else to_contract(found)

    def is_known(self, con_id: ConId) -> bool:
        """Whether we asked for this contract ourselves."""
        return con_id in self._known

    # ── commands ──

    async def qualify_underlying(self, command: b.QualifyUnderlying) -> None:
        """Raises RequestTrouble: 200 for none, or for more than one."""
        wanted = self._link.library.Contract(
            secType=SecType.STOCK.value, symbol=command.symbol, exchange="SMART", currency="USD"
        )
        found = list({x.contract.conId: x for x in await self._details(wanted)}.values())
        if len(found) != 1:
            names = ", ".join(f"{x.contract.symbol}@{x.contract.primaryExchange}" for x in found)
            raise RequestTrouble(_NO_SUCH_CONTRACT, f"{command.symbol} is {names or 'no US stock'}")
        self._link.publish(b.UnderlyingQualified(await self._complete(found[0])))

    async def list_hours(self, command: b.ListHours) -> None:
        """Tells where IB's hours end earlier than our calendar's. Raises RequestTrouble where they cannot be read."""
        stock = command.underlying
        wanted = self._link.library.Contract(conId=stock.con_id, symbol=stock.symbol, exchange="SMART")
        found = await self._details(wanted)
        if not found:
            raise RequestTrouble(_NO_SUCH_CONTRACT, f"no hours of {stock.symbol}: the contract is gone")
        hours = parse_liquid_hours(found[0].liquidHours or "", exchange_zone(found[0].timeZoneId))
        closes = ((day, earlier_close(spans, day)) for day, spans in sorted(hours.items()))
        early = tuple((day, close) for day, close in closes if close is not None)
        self._link.publish(b.HoursListed(stock.symbol, early, self._link.now()))

    async def list_chain(self, command: b.ListChain) -> None:
        """Raises RequestTrouble where no standard option class exists."""
        stock = command.underlying
        answers = await self._link.ask_by_id(
            lambda client, request_id: client.reqSecDefOptParams(
                request_id, stock.symbol, "", stock.sec_type.value, stock.con_id
            )
        )
        if not answers:
            raise RequestTrouble(0, f"the answer names no option class of {stock.symbol}")
        chain = to_chain(stock.symbol, answers)
        if chain is None:
            raise RequestTrouble(_NO_SUCH_CONTRACT, f"{stock.symbol} has no standard option class")
        self._link.publish(b.ChainListed(chain))

    async def qualify_options(self, command: b.QualifyOptions) -> None:
        """Raises RequestTrouble when any pair could not be asked about; that a pair does not exist is an answer."""
        self._start_day()
        pairs = [self._pair(command, strike, right) for strike in command.strikes for right in command.rights]
        gate = asyncio.Semaphore(_AT_ONCE)
        answers = await asyncio.gather(
            *(self._qualify(pair, gate) for pair in pairs if pair not in self._pairs), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        contracts = tuple(found for pair in pairs if (found := self._pairs.get(pair)) is not None)
        self._link.publish(b.OptionsQualified(command.underlying.symbol, command.expiry, contracts))

    def _start_day(self) -> None:
        """Listings change overnight; contracts that are known by conId stay known."""
        today = new_york_day(self._link.now())
        if today != self._day:
            self._day = today
            self._pairs.clear()

    @staticmethod
    def _pair(command: b.QualifyOptions, strike: Decimal, right: Right) -> Pair:
        return (command.underlying.symbol, command.trading_class, command.expiry, strike, right)

    async def _qualify(self, pair: Pair, gate: asyncio.Semaphore) -> None:
        symbol, trading_class, expiry, strike, right = pair
        wanted = self._link.library.Contract(
            secType=SecType.OPTION.value,
            symbol=symbol,
            lastTradeDateOrContractMonth=f"{expiry:%Y%m%d}",
            strike=float(strike),
            right=right.value,
            tradingClass=trading_class,
            exchange="SMART",
            currency="USD",
        )
        async with gate:
            found = [x for x in await self._details(wanted) if _is_standard(x.contract, trading_class)]
            if len({x.contract.conId for x in found}) > 1:
                # After a split an adjusted contract stands beside the new one: neither is bought by chance.
                names = ", ".join(f"{x.contract.localSymbol} (conId {x.contract.conId})" for x in found)
                self.tell_ambiguous(f"{symbol} {expiry} {strike} {right}: more than one contract: {names}")
                found = []
            self._pairs[pair] = await self._complete(found[0]) if found else None

    # ── details ──

    async def _details(self, wanted: Any) -> list[Any]:
        """Empty for what does not exist, which IB says with a code of its own; an empty answer without it is none, and is asked
        for again. Raises RequestTrouble."""
        try:
            answers: list[Any] = await self._link.ask_by_id(
                lambda client, request_id: client.reqContractDetails(request_id, wanted)
            )
        except RequestTrouble as trouble:
            if trouble.code == _NO_SUCH_CONTRACT:
                return []
            raise
        if not answers:
            raise RequestTrouble(0, "the answer held no contract")
        return answers

    async def _complete(self, details: Any) -> Contract:
        contract = to_contract(details.contract, await self._grid(details))
        self._known[contract.con_id] = contract
        return contract

    async def _grid(self, details: Any) -> TickGrid:
        rule = tick_rule_id(details)
        if rule is None:
            return flat_grid(details.minTick)
        key = f"marketRule-{rule}"
        async with self._link.turn(key):
            if rule not in self._grids:
                steps = await self._link.ask(key, lambda client: client.reqMarketRule(rule))
                self._grids[rule] = to_tick_grid(steps)
        return self._grids[rule]

    def _chain_part(
        self,
        request_id: int,
        exchange: str,
        underlying: int,
        trading_class: str,
        multiplier: str,
        expiries: list[str],
        strikes: list[float],
    ) -> None:
        part = self._link.library.OptionChain(
            exchange, underlying, trading_class, multiplier, expiries, strikes
        )
        self._link.requests.add(request_id, part)


def _is_standard(contract: Any, trading_class: str) -> bool:
    """The class that was asked for, and a hundred shares: adjusted and mini contracts bear other classes or multipliers."""
    is_class = contract.tradingClass in ("", trading_class)
    return is_class and figure(contract.multiplier) == _STANDARD_MULTIPLIER
