"""Client libraries by one set of verbs, so that one suite tries them all: ib_insync, ib_async, and IB's own of any age.

A driver answers in plain numbers and texts; it asks, and waits for what comes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from bot.sim.server.thread import SimGatewayThread
from tests.sim.desk import Desk
from tests.sim.official import Official, cancel, contract, order

OPTION = {"lastTradeDateOrContractMonth": "20110121", "strike": 127.0, "right": "C", "multiplier": "100"}
Status = tuple[str, float, float]
"""Status, filled, remaining."""


class Driver(Protocol):
    """What every client can do, one verb for each group of messages."""

    def time(self) -> int: ...
    def accounts(self) -> list[str]: ...
    def details(self, symbol: str) -> list[tuple[int, float]]:
        """conId and minimum tick of the stocks of that name."""

    def expiries(self) -> set[str]: ...
    def option_id(self) -> int: ...
    def bid_and_ask(self) -> tuple[float, float]: ...
    def delta(self) -> float: ...
    def closes(self) -> list[float]:
        """Of the last ten one-minute bars."""

    def ticks(self) -> list[float]: ...
    def net_liquidation(self) -> float: ...
    def held(self) -> dict[int, float]: ...
    def daily_pnl(self) -> float: ...
    def margin(self) -> float: ...
    def trade(self, action: str, size: float) -> Status:
        """A market order in SPY, to its end."""

    def fills(self) -> list[tuple[str, float, float]]:
        """Side, size and commission of the day's executions."""

    def rest(self, limit: float) -> int:
        """The id of a limit order for one share that waits."""

    def resting(self) -> dict[int, float]:
        """Limits of the open orders."""

    def move(self, order_id: int, limit: float) -> None: ...
    def end(self, order_id: int) -> int:
        """Cancel; the code that tells of it."""

    def completed(self) -> set[str]: ...
    def refusal(self, **terms: Any) -> int:
        """The code of an order that is refused."""

    def close(self) -> None: ...


class ByLibrary:
    """ib_insync and ib_async."""

    def __init__(self, library: str, gateway: SimGatewayThread) -> None:
        self._desk = Desk.at(library, gateway)
        self._ib, self._lib = self._desk.ib, self._desk.lib
        self._trades: dict[int, Any] = {}

    def _do(self, work: Any) -> Any:
        return self._desk.do(work)

    def _stock(self, symbol: str = "SPY") -> Any:
        return self._lib.Stock(symbol, "SMART", "USD")

    def _option(self) -> Any:
        found = self._lib.Option("SPY", "20110121", 127.0, "C", "SMART", "100", "USD")
        self._do(self._ib.qualifyContractsAsync(found))
        return found

    def time(self) -> int:
        return int(self._do(self._ib.reqCurrentTimeAsync()).timestamp())

    def accounts(self) -> list[str]:
        return list(self._ib.managedAccounts())

    def details(self, symbol: str) -> list[tuple[int, float]]:
        found = self._do(self._ib.reqContractDetailsAsync(self._stock(symbol)))
        return [(one.contract.conId, one.minTick) for one in found]

    def expiries(self) -> set[str]:
        chains = self._do(self._ib.reqSecDefOptParamsAsync("SPY", "", "STK", 756733))
        return {day for chain in chains for day in chain.expirations}

    def option_id(self) -> int:
        return int(self._option().conId)

    def bid_and_ask(self) -> tuple[float, float]:
        ticker = self._desk.quote(self._qualified())
        self._ib.cancelMktData(ticker.contract)
        return ticker.bid, ticker.ask

    def _qualified(self) -> Any:
        stock = self._stock()
        self._do(self._ib.qualifyContractsAsync(stock))
        return stock

    def delta(self) -> float:
        ticker = self._ib.reqMktData(self._option(), "")
        self._desk.settle()
        self._desk.advance(seconds=3)
        self._ib.cancelMktData(ticker.contract)
        return float(ticker.modelGreeks.delta)

    def closes(self) -> list[float]:
        past = {"durationStr": "600 S", "barSizeSetting": "1 min", "whatToShow": "TRADES", "useRTH": True}
        return [bar.close for bar in self._do(self._ib.reqHistoricalDataAsync(self._qualified(), "", **past))]

    def ticks(self) -> list[float]:
        wanted = ("20110104 09:31:00 US/Eastern", "", 10, "TRADES", True)
        return [tick.price for tick in self._do(self._ib.reqHistoricalTicksAsync(self._qualified(), *wanted))]

    def net_liquidation(self) -> float:
        rows = self._do(self._ib.accountSummaryAsync())
        return next(float(row.value) for row in rows if row.tag == "NetLiquidation")

    def held(self) -> dict[int, float]:
        return {one.contract.conId: one.position for one in self._do(self._ib.reqPositionsAsync())}

    def daily_pnl(self) -> float:
        told = self._ib.reqPnL(self.accounts()[0])
        self._desk.settle()
        self._ib.cancelPnL(self.accounts()[0])
        return float(told.dailyPnL)

    def margin(self) -> float:
        state = self._do(self._ib.whatIfOrderAsync(self._qualified(), self._lib.MarketOrder("BUY", 10)))
        return float(state.initMarginChange)

    def _place(self, made: Any, about: Any = None) -> Any:
        trade = self._ib.placeOrder(about or self._qualified(), made)
        self._desk.settle()
        self._trades[trade.order.orderId] = trade
        return trade

    def trade(self, action: str, size: float) -> Status:
        state = self._place(self._lib.MarketOrder(action, size)).orderStatus
        return state.status, state.filled, state.remaining

    def fills(self) -> list[tuple[str, float, float]]:
        self._do(self._ib.reqExecutionsAsync())
        # Asked again, the libraries hand out executions that have no report; their own list has it.
        return [
            (fill.execution.side, fill.execution.shares, fill.commissionReport.commission)
            for fill in self._ib.fills()
        ]

    def rest(self, limit: float) -> int:
        return int(self._place(self._lib.LimitOrder("BUY", 1, limit, tif="GTC")).order.orderId)

    def resting(self) -> dict[int, float]:
        found = self._do(self._ib.reqOpenOrdersAsync())
        return {trade.order.orderId: trade.order.lmtPrice for trade in found}

    def move(self, order_id: int, limit: float) -> None:
        self._trades[order_id].order.lmtPrice = limit
        self._place(self._trades[order_id].order)

    def end(self, order_id: int) -> int:
        before = len(self._desk.errors)
        self._ib.cancelOrder(self._trades[order_id].order)
        self._desk.settle()
        return self._desk.errors[before][1]

    def completed(self) -> set[str]:
        found = self._do(self._ib.reqCompletedOrdersAsync(False))
        return {trade.orderStatus.status for trade in found}

    def refusal(self, **terms: Any) -> int:
        before = len(self._desk.errors)
        kind = {"orderType": "LMT", "lmtPrice": 100.0, "totalQuantity": 1, **terms}
        self._place(self._lib.Order(action="BUY", **kind))
        return self._desk.errors[before][1]

    def close(self) -> None:
        self._desk.leave()


class ByIb:
    """IB's own Python client, held to one server version where it knows newer ones."""

    def __init__(self, gateway: SimGatewayThread, version: int | None = None) -> None:
        self._gateway = gateway
        self._told = Official(gateway.port, newest=version)
        self._ask = self._told.client
        self._told.catch_up()
        self._request = 1_000
        self._orders: dict[int, Any] = {}

    @property
    def version(self) -> int:
        return int(self._ask.serverVersion())

    def _next(self) -> int:
        self._request += 1
        return self._request

    def _all(self, name: str, end: str, ask: Callable[[], None]) -> list[tuple[Any, ...]]:
        """Every call of ``name`` until ``end``."""
        start = len(self._told.heard)
        self._told.after(end, ask)
        return [told for kind, told in self._told.heard[start:] if kind == name]

    def time(self) -> int:
        return int(self._told.after("currentTime", self._ask.reqCurrentTime)[0])

    def accounts(self) -> list[str]:
        told: str = self._told.after("managedAccounts", self._ask.reqManagedAccts)[0]
        return told.split(",")

    def details(self, symbol: str) -> list[tuple[int, float]]:
        request = self._next()
        if symbol == "NONE":
            code, _ = self._told.error(
                lambda: self._ask.reqContractDetails(request, contract(symbol)), request
            )
            assert code == 200
            return []
        found = self._all(
            "contractDetails",
            "contractDetailsEnd",
            lambda: self._ask.reqContractDetails(request, contract(symbol)),
        )
        return [(one[1].contract.conId, one[1].minTick) for one in found]

    def expiries(self) -> set[str]:
        wanted = (self._next(), "SPY", "", "STK", 756733)
        found = self._all(
            "securityDefinitionOptionParameter",
            "securityDefinitionOptionParameterEnd",
            lambda: self._ask.reqSecDefOptParams(*wanted),
        )
        return {day for one in found for day in one[5]}

    def option_id(self) -> int:
        request = self._next()
        (_, found) = self._told.after(
            "contractDetails",
            lambda: self._ask.reqContractDetails(request, contract("SPY", "OPT", **OPTION)),
        )
        return int(found.contract.conId)

    def bid_and_ask(self) -> tuple[float, float]:
        prices, request = {}, self._next()
        start = len(self._told.heard)
        self._told.after(
            "tickPrice",
            lambda: self._ask.reqMktData(request, contract(), "", False, False, []),
            lambda number, kind, *_: (number, kind) == (request, 2),
        )
        self._ask.cancelMktData(request)
        for kind, told in self._told.heard[start:]:
            if kind == "tickPrice" and told[0] == request:
                prices[told[1]] = told[2]
        return prices[1], prices[2]

    def delta(self) -> float:
        request = self._next()

        def ask() -> None:
            self._ask.reqMktData(request, contract("SPY", "OPT", **OPTION), "", False, False, [])
            self._told.catch_up()
            self._gateway.advance(seconds=3)

        told = self._told.after("tickOptionComputation", ask, lambda number, *_: number == request)
        self._ask.cancelMktData(request)
        # Today's client has the attribute of the computation before the volatility, the older one has not.
        return float(told[4] if len(told) > 10 else told[3])

    def closes(self) -> list[float]:
        wanted: tuple[Any, ...] = (self._next(), contract(), "", "600 S", "1 min", "TRADES", 1, 1, False, [])
        found = self._all("historicalData", "historicalDataEnd", lambda: self._ask.reqHistoricalData(*wanted))
        return [bar.close for _, bar in found]

    def ticks(self) -> list[float]:
        span: tuple[Any, ...] = ("20110104 09:31:00 US/Eastern", "", 10, "TRADES", 1, True, [])
        request = self._next()
        told = self._told.after(
            "historicalTicksLast", lambda: self._ask.reqHistoricalTicks(request, contract(), *span)
        )
        return [tick.price for tick in told[1]]

    def net_liquidation(self) -> float:
        request = self._next()
        row = self._told.after(
            "accountSummary", lambda: self._ask.reqAccountSummary(request, "All", "NetLiquidation")
        )
        self._ask.cancelAccountSummary(request)
        return float(row[3])

    def held(self) -> dict[int, float]:
        found = self._all("position", "positionEnd", self._ask.reqPositions)
        self._ask.cancelPositions()
        return {one[1].conId: float(one[2]) for one in found if one[2]}

    def daily_pnl(self) -> float:
        request = self._next()
        told = self._told.after("pnl", lambda: self._ask.reqPnL(request, self.accounts()[0], ""))
        self._ask.cancelPnL(request)
        return float(told[1])

    def margin(self) -> float:
        what_if = order("BUY", "MKT", totalQuantity=10, whatIf=True)
        number = self._new_id()
        told = self._told.after("openOrder", lambda: self._ask.placeOrder(number, contract(), what_if))
        return float(told[3].initMarginChange)

    def _new_id(self) -> int:
        return int(self._told.after("nextValidId", lambda: self._ask.reqIds(-1))[0])

    def trade(self, action: str, size: float) -> Status:
        number = self._new_id()
        told = self._told.after(
            "orderStatus",
            lambda: self._ask.placeOrder(number, contract(), order(action, "MKT", totalQuantity=size)),
            lambda n, state, *_: (n, state) == (number, "Filled"),
        )
        self._told.catch_up()
        return told[1], float(told[2]), float(told[3])

    def fills(self) -> list[tuple[str, float, float]]:
        from ibapi.execution import ExecutionFilter

        start, request = len(self._told.heard), self._next()
        self._told.after("execDetailsEnd", lambda: self._ask.reqExecutions(request, ExecutionFilter()))
        self._told.catch_up()
        heard = self._told.heard[start:]
        executions = [told[2] for name, told in heard if name == "execDetails"]
        reports = [told[0] for name, told in heard if name.startswith("commission")]
        paid = {one.execId: getattr(one, "commissionAndFees", None) or one.commission for one in reports}
        return [(one.side, float(one.shares), float(paid[one.execId])) for one in executions]

    def rest(self, limit: float) -> int:
        number = self._new_id()
        self._orders[number] = order("BUY", "LMT", lmtPrice=limit, tif="GTC")
        self._told.after(
            "orderStatus", lambda: self._ask.placeOrder(number, contract(), self._orders[number])
        )
        return number

    def resting(self) -> dict[int, float]:
        found = self._all("openOrder", "openOrderEnd", self._ask.reqOpenOrders)
        return {one[0]: one[2].lmtPrice for one in found}

    def move(self, order_id: int, limit: float) -> None:
        self._orders[order_id].lmtPrice = limit
        self._told.after(
            "openOrder", lambda: self._ask.placeOrder(order_id, contract(), self._orders[order_id])
        )

    def end(self, order_id: int) -> int:
        return self._told.error(lambda: cancel(self._ask, order_id), order_id)[0]

    def completed(self) -> set[str]:
        found = self._all("completedOrder", "completedOrdersEnd", lambda: self._ask.reqCompletedOrders(False))
        return {one[2].status for one in found}

    def refusal(self, **terms: Any) -> int:
        number = self._new_id()
        kind = {"lmtPrice": 100.0, **terms}
        made = order("BUY", kind.pop("orderType", "LMT"), **kind)
        return self._told.error(lambda: self._ask.placeOrder(number, contract(), made), number)[0]

    def close(self) -> None:
        self._told.close()
