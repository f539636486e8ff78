"""What happened, in words with its why: one event for each thing that a person would tell another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.ops.page.document import PageEvent, Tone
from bot.ops.page.wording import ago, figures, option, plain, refusal, signed, way_out
from bot.ops.status.amounts import average_text
from bot.ops.status.ledger import BookedTrade
from bot.ops.status.spoken import spoken_idea


def told(message: m.Message) -> PageEvent | None:
    """The event that a message is by itself, None for one that a person need not hear of."""
    words = TOLD.get(type(message))
    return None if words is None else words(message)


def bought(trade: BookedTrade, idea: m.TradeIdea | None) -> PageEvent | None:
    """The entry of a trade as far as it is filled, with what the strategy saw."""
    at, price, plan = trade.opened_at, trade.entry_price, trade.plan
    if at is None or price is None:
        return None
    part = "" if trade.bought >= plan.quantity else f" of {plan.quantity}"
    saw = f"{plan.strategy} {idea.direction}: {figures(idea.numbers)}. " if idea else f"{plan.strategy}. "
    why = f"{saw}Limit {plan.entry_limit}, stop {plan.stop}, target {plan.target}."
    return PageEvent(at, f"Bought {trade.bought}{part} {option(plan.contract)} at {price:.2f}", why)


def protection(x: m.ProtectionChanged, grace: timedelta, *, was_proved: bool) -> PageEvent | None:
    """A stop that was proved and is not any more, and one that was missing for longer than proving takes."""
    if not x.is_proved:
        held = f"{x.position} held, stops for {x.stop_quantity} ({spoken_idea(x.idea_id)})"
        return (
            PageEvent(x.at, "The stop is not proved any more", held, "bad")
            if was_proved and x.position
            else None
        )
    if x.unprotected_s <= grace.total_seconds():
        return None
    return PageEvent(x.at, f"Protected again after {ago(x.unprotected_s)}", x.idea_id, "bad")


def _not_traded(x: m.IdeaDropped | m.EntryDenied, who: str) -> PageEvent:
    why = f"{refusal(x.code)} {figures(x.numbers)}".strip()
    return PageEvent(x.at, f"Did not trade a {x.strategy} signal in {x.symbol}: {who}", f"{why} ({x.code})")


def _closed(x: m.BracketClosed) -> PageEvent:
    tone: Tone = "win" if x.pnl > 0 else "loss" if x.pnl < 0 else "plain"
    paid, got = (average_text(price, x.quantity) for price in (x.entry_price, x.exit_price))
    prices = f"{paid} → {got}, fees {x.commission:.2f}"
    why = f"{way_out(x.exit_reason)} after {_lasted(x.closed_at - x.opened_at)}: {prices}."
    return PageEvent(x.closed_at, f"Closed {option(x.contract)}, {signed(x.pnl)}", why, tone)


def _by(text: str, by: str) -> str:
    return f"{text} (by {by})" if text else f"by {by}"


def _lasted(length: timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    if minutes >= 120:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes} minute{'' if minutes == 1 else 's'}"


def _adopted(x: m.BracketAdopted) -> PageEvent:
    title = f"Took over {x.place.quantity} {option(x.place.contract)}"
    return PageEvent(x.at, title, "The broker remembered it and the journal did not.")


def _abandoned(x: m.EntryAbandoned) -> PageEvent:
    return PageEvent(x.at, f"Entry in {x.symbol} given up", f"Nobody sold at the limit: {plain(x.reason)}.")


TOLD: dict[type, Callable[..., PageEvent]] = {
    m.IdeaDropped: lambda x: _not_traded(x, "no option was fit"),
    m.EntryDenied: lambda x: _not_traded(x, "risk said no"),
    m.EntryAbandoned: _abandoned,
    m.BracketAdopted: _adopted,
    m.BracketClosed: _closed,
    m.PlaceProtection: lambda x: PageEvent(
        x.at, "Placing protection again", f"{plain(x.reason)} ({spoken_idea(x.idea_id)})", "bad"
    ),
    m.Halted: lambda x: PageEvent(x.at, f"Halted: {plain(x.cause)}", _by(x.detail, x.by), "bad"),
    m.Resumed: lambda x: PageEvent(x.at, f"Resumed: {plain(x.cause)}", _by(x.reason, x.by)),
    m.LineStarted: lambda x: PageEvent(x.at, "Started", f"build {x.build}, {', '.join(x.symbols)}"),
    m.LineStopped: lambda x: PageEvent(x.at, "Stopped", x.reason),
    m.MachineFailed: lambda x: PageEvent(x.at, f"{x.component} failed", x.error, "bad"),
    b.BrokerDisconnected: lambda x: PageEvent(x.at, "Connection lost", x.reason, "bad"),
}
"""What is told as it is, and how."""
