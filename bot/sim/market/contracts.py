"""The contract database of a world: who is who by conId, and what a contract search finds.

Rule: an option exists only if its expiry lists that strike on that day. Ids are made from names, so they are the same after
a restart; a contract once known stays known (positions outlive listings).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from bot.domain.calendar.liquid_hours import format_liquid_hours
from bot.domain.contract import Contract
from bot.domain.session import NEW_YORK, next_session
from bot.domain.types import ConId, Right, SecType, Symbol
from bot.sim.market.catalog import EXTRAS, INDEX_SYMBOLS, SETTLED_AT_OPEN, Underlying, rule_id, stable_id
from bot.sim.market.corporate.adjusted_options import (
    MINI,
    AdjustedListing,
    ClassTerms,
    free_digit,
    frozen,
    mini_class,
    option_after,
    option_name,
    terms_after,
)
from bot.sim.market.corporate.splits import Split
from bot.sim.market.extended.hours import trading_day
from bot.sim.market.listing import ContractDetails, ContractQuery, Listing, OptionParameters

_STOCK_EXCHANGES = ("SMART", "AMEX", "NYSE", "CBOE", "ARCA", "NASDAQ", "BATS")
_OPTION_EXCHANGES = ("SMART", "AMEX", "CBOE", "PHLX", "PSE", "ISE", "BOX", "BATS")
_PARAMETER_EXCHANGES = ("SMART", "CBOE", "ISE")
_INDEX_EXCHANGES = ("SMART", "CBOE")
"""Cboe alone lists options on its indices."""
_ORDER_TYPES = (
    "ACTIVETIM,ADJUST,ALERT,ALGO,AON,COND,CONDORDER,DAY,FOK,GAT,GTC,GTD,HID,ICE,IOC,LIT,LMT,MIT,MKT,OCA,OPG,STP,STPLMT,"
    "TRAIL,TRAILLMT,WHATIF"
)
_STOCK_ORDER_TYPES = (
    f"{_ORDER_TYPES},CASHQTY,DIS,LOC,MIDPX,MOC,MTL,PEGMID,PEGMKT,REL,RTH,SNAPMID,SNAPMKT,SNAPREL"
)
"""What the exchange takes, by the names of IB's contractDetails; on-close orders are for stocks alone."""
_DAYS_AHEAD = 7
_OLD_NAMES = {"ISLAND": "NASDAQ", "PSE": "ARCA"}


class ContractStore:
    """All instruments of a world. ``today`` is set by whoever moves time."""

    def __init__(
        self,
        stocks: Iterable[Underlying],
        indices: Iterable[Underlying],
        listings: Mapping[Symbol, Mapping[str, Listing]],
        today: date,
        *,
        has_extended_hours: bool = False,
    ) -> None:
        """``listings`` are by underlying and trading class."""
        self._trading_hours_from = _extended_hours_from if has_extended_hours else _hours_from
        self._stocks = {stock.symbol: stock for stock in stocks}
        self._underlyings = {**self._stocks, **{index.symbol: index for index in indices}}
        self._listings = {symbol: dict(classes) for symbol, classes in listings.items()}
        self._terms = {name: ClassTerms() for classes in listings.values() for name in classes}
        self._symbols = {name: symbol for symbol, classes in listings.items() for name in classes}
        """The underlying of each trading class."""
        self.today = today
        self._by_id: dict[ConId, Contract] = {con_id: c for con_id, (c, _) in EXTRAS.items()}
        self._by_id |= {stock.con_id: stock.contract() for stock in self._stocks.values()}
        self._options: dict[str, Contract] = {}
        self._interned: dict[tuple[str, date, Decimal, Right], Contract] = {}
        """What ``_options`` has by name, for whoever asks for a whole expiry."""
        self._read_on: date | None = None
        self._unread: list[Symbol] = []
        self._series: dict[tuple[Symbol, date], tuple[Contract, ...]] = {}
        """Both rights of an expiry as listed on ``_series_on``."""
        self._series_on: date | None = None

    def by_id(self, con_id: ConId) -> Contract | None:
        """The contract of that id; the day's whole listing is read before it is called unknown, indices last."""
        if con_id in self._by_id or con_id <= 0:
            return self._by_id.get(con_id)
        if self._read_on != self.today:
            self._read_on, self._unread = self.today, list(self._underlyings)
        while self._unread and con_id not in self._by_id:
            for _ in self._listed_options(self._unread.pop(0), ContractQuery()):
                pass
        return self._by_id.get(con_id)

    def underlying(self, contract: Contract) -> Underlying | None:
        return self._underlyings.get(contract.symbol)

    def stock(self, symbol: Symbol) -> Contract:
        """KeyError for none of that name."""
        return self._stocks[symbol].contract()

    def option(self, symbol: Symbol, expiry: date, strike: Decimal, right: Right) -> Contract | None:
        """The contract if it is listed today, else None."""
        for name, listing in self._listings.get(symbol, {}).items():
            if strike in listing.strikes(expiry, self.today):
                return self._intern(symbol, name, expiry, strike, right)
        return None

    def series(self, symbol: Symbol, expiry: date) -> tuple[Contract, ...]:
        """All options of that expiry listed today, in order of strike and right; none where it is not listed."""
        if self._series_on != self.today:
            self._series_on = self.today
            self._series.clear()
        found = self._series.get((symbol, expiry))
        if found is None:
            query = ContractQuery(expiry=f"{expiry:%Y%m%d}")
            known = symbol in self._listings
            found = tuple(self._listed_options(symbol, query)) if known else ()
            self._series[symbol, expiry] = found
        return found

    def find(self, query: ContractQuery) -> list[ContractDetails]:
        """Everything that matches, in order of expiry, strike and right; [] is IB's error 200."""
        return list(self.matches(query))

    def matches(self, query: ContractQuery) -> Iterator[ContractDetails]:
        """The same, one by one."""
        return (self.details(contract) for contract in self._matches(query))

    def details(self, contract: Contract) -> ContractDetails:
        if contract.sec_type is SecType.OPTION:
            return self._option_details(contract)
        if contract.con_id in EXTRAS:
            return self._extra_details(contract)
        return self._stock_details(contract, self._stocks[contract.symbol])

    def parameters(self, under_con_id: ConId) -> list[OptionParameters]:
        """The chain's expiries and strikes, once an exchange: a superset of the contracts that exist."""
        contract = self._by_id.get(under_con_id)
        if contract is None or contract.sec_type not in (SecType.STOCK, SecType.INDEX):
            return []
        exchanges = _INDEX_EXCHANGES if contract.sec_type is SecType.INDEX else _PARAMETER_EXCHANGES
        answers = []
        for name, listing in self._listings.get(contract.symbol, {}).items():
            expiries = listing.expiries(self.today)
            strikes = tuple(sorted({strike for e in expiries for strike in listing.strikes(e, self.today)}))
            answers += [
                OptionParameters(one, under_con_id, name, self._terms[name].multiplier, expiries, strikes)
                for one in exchanges
            ]
        return answers

    def matching(self, pattern: str) -> list[ContractDetails]:
        """Stocks whose symbol begins with the pattern, or whose name contains it."""
        wanted = pattern.strip().upper()
        found = [
            s for s in self._stocks.values() if s.symbol.startswith(wanted) or wanted in s.long_name.upper()
        ]
        return [self.details(stock.contract()) for stock in found] if wanted else []

    # ── corporate actions

    def list_minis(self, symbol: Symbol) -> None:
        """A second class with the standard one's strikes, of ten shares. KeyError for a symbol without options."""
        name = mini_class(symbol)
        self._listings[symbol][name] = next(iter(self._listings[symbol].values()))
        self._terms[name], self._symbols[name] = MINI, symbol

    def split(self, split: Split) -> dict[ConId, Contract]:
        """Adjust all options on the stock: what each conId is from now on."""
        symbol = split.symbol
        for _ in self._listed_options(symbol, ContractQuery()):
            pass  # what is listed is known by its conId before its name changes
        renamed = self._renamed(split)
        old = [contract for contract in self._options.values() if contract.symbol == symbol]
        changed = {}
        for contract in old:
            name = renamed[contract.trading_class]
            changed[contract.con_id] = option_after(contract, split, name, self._terms[name])
            del self._options[contract.local_symbol]
        self._interned.clear()
        self._options |= {contract.local_symbol: contract for contract in changed.values()}
        self._by_id |= changed
        self._read_on = self._series_on = None
        return changed

    def _renamed(self, split: Split) -> dict[str, str]:
        """The class of each class's options behind the split; the listings are those of the new shares then."""
        classes, renamed = self._listings[split.symbol], dict[str, str]()
        before = [one for one in classes.values() if split.is_whole or not isinstance(one, AdjustedListing)]
        for name, listing in list(classes.items()):
            renamed[name] = name
            if split.is_whole:
                continue
            renamed[name] = new = free_digit(split.symbol, self._symbols)
            classes[new] = frozen(listing, split, self.today)
            self._terms[new], self._symbols[new] = terms_after(self._terms[name], split), split.symbol
            if isinstance(listing, AdjustedListing):
                del classes[name]
        for listing in {id(one): one for one in before}.values():
            listing.split(split)
        return renamed

    # ── search

    def _matches(self, query: ContractQuery) -> Iterator[Contract]:
        if query.con_id:
            contract = self.by_id(query.con_id)
            is_there = contract is not None and _is_traded_at(contract, query.exchange)
            return iter((contract,) if contract is not None and is_there else ())
        if query.sec_type == SecType.OPTION:
            return self._find_options(query)
        if query.sec_id:
            return self._find_by_sec_id(query)
        known = (c for c in self._by_id.values() if c.sec_type is not SecType.OPTION)
        return (c for c in list(known) if _fits(c, query))

    def _find_by_sec_id(self, query: ContractQuery) -> Iterator[Contract]:
        """A stock by its ISIN or CUSIP; other kinds of id find nothing."""
        isin = {"ISIN": query.sec_id, "CUSIP": query.sec_id}.get(query.sec_id_type)
        for stock in self._stocks.values():
            if isin in (stock.isin, stock.isin[2:11]) and _is_traded_at(stock.contract(), query.exchange):
                yield stock.contract()

    def _find_options(self, query: ContractQuery) -> Iterator[Contract]:
        symbol = query.symbol or self._symbols.get(query.local_symbol[:6].strip(), "")
        if symbol not in self._listings:
            return iter(())
        return (c for c in self._listed_options(symbol, query) if _fits(c, query))

    def _listed_options(self, symbol: Symbol, query: ContractQuery) -> Iterator[Contract]:
        for name, listing in self._listings[symbol].items():
            if not _is_number(query.multiplier, self._terms[name].multiplier):
                continue
            for expiry in listing.expiries(self.today):
                if not f"{expiry:%Y%m%d}".startswith(query.expiry) or query.trading_class not in ("", name):
                    continue
                for strike in listing.strikes(expiry, self.today):
                    if query.strike in (None, strike):
                        for right in (Right.CALL, Right.PUT) if query.right is None else (query.right,):
                            yield self._intern(symbol, name, expiry, strike, right)

    def _intern(
        self, symbol: Symbol, trading_class: str, expiry: date, strike: Decimal, right: Right
    ) -> Contract:
        key = trading_class, expiry, strike, right
        known = self._interned.get(key)
        if known is not None:
            return known
        stock = self._underlyings[symbol]
        name, terms = option_name(trading_class, expiry, strike, right), self._terms[trading_class]
        if name not in self._options:
            contract = Contract(
                con_id=self._free_id(name),
                symbol=stock.symbol,
                sec_type=SecType.OPTION,
                local_symbol=name,
                trading_class=trading_class,
                multiplier=terms.multiplier,
                deliverable=terms.deliverable,
                expiry=expiry,
                strike=strike,
                right=right,
                ticks=stock.option_ticks,
            )
            self._options[name] = contract
            self._by_id[contract.con_id] = contract
        self._interned[key] = self._options[name]
        return self._options[name]

    def _free_id(self, name: str) -> ConId:
        con_id = stable_id(name)
        while con_id in self._by_id:
            con_id += 1
        return con_id

    # ── details

    def _hours(self) -> str:
        return _hours_from(self.today)

    def _stock_details(self, contract: Contract, stock: Underlying) -> ContractDetails:
        return ContractDetails(
            contract=contract,
            long_name=stock.long_name,
            market_name=contract.trading_class,
            min_tick=Decimal("0.01"),
            market_rule_ids=_rules(contract, _STOCK_EXCHANGES),
            valid_exchanges=",".join(_STOCK_EXCHANGES),
            order_types=_STOCK_ORDER_TYPES,
            trading_hours=self._trading_hours_from(self.today),
            liquid_hours=self._hours(),
            stock_type="ETF" if stock.is_etf else "COMMON",
            industry=stock.sector[0],
            category=stock.sector[1],
            sec_ids=(("ISIN", stock.isin), ("CUSIP", stock.isin[2:11])),
        )

    def _option_details(self, contract: Contract) -> ContractDetails:
        stock = self._underlyings[contract.symbol]
        expiry = contract.expiry or self.today
        exchanges = _OPTION_EXCHANGES if stock.index is None else _INDEX_EXCHANGES
        # A class that is settled at the open has its last session before that.
        real = next_session(expiry).day if contract.trading_class in SETTLED_AT_OPEN else expiry
        return ContractDetails(
            contract=contract,
            long_name=stock.long_name,
            market_name=contract.trading_class,
            min_tick=min(step for _, step in contract.ticks.steps),
            market_rule_ids=_rules(contract, exchanges),
            valid_exchanges=",".join(exchanges),
            order_types=_ORDER_TYPES,
            under_con_id=stock.con_id,
            under_symbol=stock.symbol,
            under_sec_type=SecType.STOCK if stock.index is None else SecType.INDEX,
            contract_month=f"{real:%Y%m}",
            real_expiry=real,
            trading_hours=self._hours(),
            liquid_hours=self._hours(),
        )

    def _extra_details(self, contract: Contract) -> ContractDetails:
        return ContractDetails(
            contract=contract,
            long_name=EXTRAS[contract.con_id][1],
            market_name=contract.trading_class,
            min_tick=min(step for _, step in contract.ticks.steps),
            market_rule_ids=str(rule_id(contract.ticks)),
            valid_exchanges=contract.exchange,
            order_types=_ORDER_TYPES,
            trading_hours=self._hours(),
            liquid_hours=self._hours(),
        )


@lru_cache(maxsize=32)
def _hours_from(today: date) -> str:
    """Written once a day: a search of a whole chain needs it some thousand times."""
    return format_liquid_hours(today + timedelta(days=n) for n in range(_DAYS_AHEAD))


@lru_cache(maxsize=32)
def _extended_hours_from(today: date) -> str:
    days = (today + timedelta(days=n) for n in range(_DAYS_AHEAD))
    return ";".join(_extended_hours(day) for day in days)


def _extended_hours(day: date) -> str:
    found = trading_day(day)
    if found is None:
        return f"{day:%Y%m%d}:CLOSED"
    begin, end = (one.astimezone(NEW_YORK) for one in (found.begin, found.end))
    return f"{begin:%Y%m%d:%H%M}-{end:%Y%m%d:%H%M}"


def _rules(contract: Contract, exchanges: tuple[str, ...]) -> str:
    return ",".join([str(rule_id(contract.ticks))] * len(exchanges))


def _fits(contract: Contract, query: ContractQuery) -> bool:
    return (
        query.symbol in ("", contract.symbol)
        and query.sec_type in ("", contract.sec_type)
        and query.local_symbol in ("", contract.local_symbol)
        and query.trading_class in ("", contract.trading_class)
        and query.currency in ("", contract.currency)
        and _is_traded_at(contract, query.exchange)
        and (contract.sec_type is not SecType.STOCK or _is_listed_at(query.primary_exchange))
        and bool(query.symbol or query.local_symbol)
    )


def _is_traded_at(contract: Contract, exchange: str) -> bool:
    if contract.sec_type is SecType.STOCK:
        return _modern(exchange) in ("", *_STOCK_EXCHANGES)
    if contract.sec_type is SecType.OPTION:
        return exchange in (
            "",
            *(_INDEX_EXCHANGES if contract.symbol in INDEX_SYMBOLS else _OPTION_EXCHANGES),
        )
    return exchange in ("", "SMART", contract.exchange)


def _is_listed_at(primary: str) -> bool:
    """Clients name as primary any venue of the stock, retired names such as ISLAND too, and IB resolves them all."""
    return _modern(primary) in ("", *_STOCK_EXCHANGES)


def _is_number(text: str, number: int) -> bool:
    """Whether a search's text leaves it open or says that number."""
    try:
        return not text or float(text) == number
    except ValueError:
        return False


def _modern(exchange: str) -> str:
    return _OLD_NAMES.get(exchange, exchange)
