"""Trades out of the journal: one object per bracket that reached the market, open or closed, as CSV or JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from decimal import Decimal
from typing import Any

from bot.domain import messages as m
from bot.domain.broker_messages import CommissionCharged
from bot.domain.order import Leg
from bot.domain.types import ExecId
from bot.journal.store import Row

TRADE_KINDS: tuple[type, ...] = (
    m.PlaceBracket,
    m.BracketAdopted,
    m.FillBooked,
    CommissionCharged,
    m.BracketClosed,
    m.EntryAbandoned,
)


@dataclass(frozen=True, slots=True)
class Trade:
    """One bracket. Times are UTC ISO-8601; prices per unit, ``pnl`` and ``commission`` in the account's currency."""

    timestamp: str
    idea_id: str
    symbol: str
    strategy: str
    action: str
    contract: str
    con_id: int
    quantity: int
    price: Decimal | None
    stop: Decimal
    target: Decimal
    state: str
    exit_price: Decimal | None = None
    exit_timestamp: str | None = None
    exit_reason: str | None = None
    pnl: Decimal | None = None
    commission: Decimal = Decimal(0)
    exec_ids: tuple[ExecId, ...] = ()

    def as_json(self) -> str:
        return json.dumps({k: str(v) if isinstance(v, Decimal) else v for k, v in asdict(self).items()})


def trades(rows: Iterable[Row]) -> list[Trade]:
    """Fold journal rows (any superset of TRADE_KINDS, in order) into trades, oldest first."""
    book: dict[str, Trade] = {}
    idea_of: dict[ExecId, str] = {}
    # The broker repeats its reports after each reconnect, and one may come before its fill is booked.
    charges: dict[ExecId, Decimal] = {}
    for row in rows:
        match row.message:
            case m.PlaceBracket() as planned:
                book[planned.idea_id] = _planned(planned)
            case m.BracketAdopted() as adopted:
                book.setdefault(adopted.place.idea_id, _planned(adopted.place))
            case m.FillBooked() as booked if (idea := booked.fill.order_ref.rsplit("/", 1)[0]) in book:
                exec_id = booked.fill.exec_id
                idea_of[exec_id] = idea
                book[idea] = _charged(_filled(book[idea], booked), charges.get(exec_id, Decimal(0)))
            case CommissionCharged() as charged if charged.exec_id not in charges:
                charges[charged.exec_id] = charged.amount
                if charged.exec_id in idea_of:
                    trade = book[idea_of[charged.exec_id]]
                    book[trade.idea_id] = _charged(trade, charged.amount)
            case m.BracketClosed() as closed if closed.idea_id in book:
                book[closed.idea_id] = _closed(book[closed.idea_id], closed)
            case m.EntryAbandoned() as ended:
                book.pop(ended.idea_id, None)
    return [trade for trade in book.values() if trade.state != "planned"]


def _planned(planned: m.PlaceBracket) -> Trade:
    return Trade(
        timestamp=planned.at.isoformat(),
        idea_id=planned.idea_id,
        symbol=planned.symbol,
        strategy=planned.strategy,
        action="BUY",
        contract=planned.contract.label,
        con_id=planned.contract.con_id,
        quantity=0,
        price=None,
        stop=planned.stop,
        target=planned.target,
        state="planned",
    )


def _filled(trade: Trade, booked: m.FillBooked) -> Trade:
    fill = booked.fill
    if booked.replaces is not None:
        return trade  # the closing record carries corrected figures
    trade = replace(trade, exec_ids=(*trade.exec_ids, fill.exec_id))
    if fill.order_ref.rsplit("/", 1)[1] != Leg.ENTRY:
        return trade
    paid = (trade.price or Decimal(0)) * trade.quantity + fill.price * fill.quantity
    quantity = trade.quantity + fill.quantity
    first = trade.timestamp if trade.quantity else fill.at.isoformat()
    return replace(trade, timestamp=first, quantity=quantity, price=paid / quantity, state="open")


def _charged(trade: Trade, amount: Decimal) -> Trade:
    return replace(trade, commission=trade.commission + amount)


def _closed(trade: Trade, closed: m.BracketClosed) -> Trade:
    return replace(
        trade,
        timestamp=closed.opened_at.isoformat(),
        quantity=closed.quantity,
        price=closed.entry_price,
        state="closed",
        exit_price=closed.exit_price,
        exit_timestamp=closed.closed_at.isoformat(),
        exit_reason=closed.exit_reason,
        pnl=closed.pnl,
        commission=closed.commission,
    )


def as_csv(found: Iterable[Trade]) -> str:
    """A header and one line a trade."""
    columns = [field.name for field in fields(Trade) if field.name != "exec_ids"]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for trade in found:
        values: list[Any] = [getattr(trade, column) for column in columns]
        writer.writerow(["" if value is None else value for value in values])
    return out.getvalue()
