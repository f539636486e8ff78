"""Why a bar did or did not become a trade: everything the journal says of one symbol and one bar's end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.domain import messages as m
from bot.domain.broker_messages import SendOrders
from bot.domain.idea import beginnings
from bot.domain.types import Numbers, Symbol
from bot.journal.store import Row

WHY_KINDS: tuple[type, ...] = (
    m.BarJudged,
    m.SignalPostponed,
    m.IdeaDropped,
    m.TradeIdea,
    m.EntryDenied,
    m.PlaceBracket,
    m.BracketAdopted,
    SendOrders,
    m.FillBooked,
    m.EntryAbandoned,
    m.BracketClosed,
)


@dataclass(frozen=True, slots=True)
class Decision:
    """One link of the chain: who decided, what, and on which figures."""

    at: datetime
    who: str
    verdict: str
    numbers: Numbers


def explain(rows: Iterable[Row], symbol: Symbol, bar_end: datetime) -> list[Decision]:
    """The chain for the bars of ``symbol`` that closed at ``bar_end``, in the order it happened."""
    names = beginnings(symbol, bar_end)
    steps = (_step(row, symbol, bar_end, names) for row in rows)
    return [step for step in steps if step is not None]


def _step(row: Row, symbol: Symbol, bar_end: datetime, names: tuple[str, ...]) -> Decision | None:
    message = row.message
    if isinstance(message, m.BarJudged):
        if (message.symbol, message.bar_end) != (symbol, bar_end):
            return None
        fired = "fired" if message.fired else "no signal"
        direction = message.direction or "neutral"
        return Decision(row.at, message.strategy, f"{fired}: {message.reason} ({direction})", message.numbers)
    if not _idea_id(message).startswith(names):
        return None
    return Decision(row.at, *_verdict(message))


def _idea_id(message: object) -> str:
    if isinstance(message, SendOrders):
        return message.orders[0].ref
    if isinstance(message, m.FillBooked):
        return message.fill.order_ref
    if isinstance(message, m.BracketAdopted):
        return message.place.idea_id
    return str(getattr(message, "idea_id", ""))


def _no_idea(x: m.SignalPostponed | m.IdeaDropped) -> tuple[str, str, Numbers]:
    if isinstance(x, m.SignalPostponed):
        return x.strategy, "waits for the entry window", {"valid_until": x.valid_until.isoformat()}
    return "selection", f"refused: {x.code}", x.numbers


def _verdict(message: object) -> tuple[str, str, Numbers]:
    match message:
        case m.TradeIdea() as x:
            return (
                "selection",
                f"chose {x.contract.label}",
                {"bid": str(x.quote.bid), "ask": str(x.quote.ask)},
            )
        case m.SignalPostponed() | m.IdeaDropped() as x:
            return _no_idea(x)
        case m.EntryDenied() as x:
            return "risk", f"denied: {x.code}", x.numbers
        case m.PlaceBracket() as x:
            numbers = {"limit": x.entry_limit, "target": x.target, "stop": x.stop}
            return "risk", f"approved {x.quantity}", {k: str(v) for k, v in numbers.items()}
        case m.BracketAdopted() as x:
            return "execution", "took over from the broker " + ", ".join(order.leg for order in x.orders), {}
        case SendOrders() as x:
            return "execution", "sent " + ", ".join(order.leg for order in x.orders), {}
        case m.FillBooked() as x:
            return "broker", f"filled {x.fill.side} {x.fill.quantity}", {"price": str(x.fill.price)}
        case m.EntryAbandoned() as x:
            return "execution", f"abandoned: {x.reason}", {}
        case m.BracketClosed() as x:
            return "watcher", f"closed: {x.exit_reason}", {"pnl": str(x.pnl), "exit": str(x.exit_price)}
    raise TypeError(type(message).__name__)
