"""What the broker and the exchange say that is worth a person's attention, as alerts."""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.ops.alerts.alert import Alert, Severity
from bot.ops.status.spoken import spoken_idea, spoken_time


def early_close_alerts(x: b.HoursListed) -> Iterator[Alert]:
    """One for each day that IB ends earlier than the calendar."""
    for day, close in x.early_closes:
        body = (
            f"IB closes {x.symbol} at {spoken_time(close)}, earlier than the calendar; the earlier time holds"
        )
        key = f"hours:{day}:{close.isoformat()}"
        yield Alert(key, Severity.WARNING, f"{day:%a %d %b}: an early close", body)


def trading_alert(x: m.FeedChanged, held: str) -> Alert:
    """A trading halt, or its end. ``held`` names what is held of this symbol; it cannot be sold meanwhile."""
    key = f"trading:{x.symbol}:{x.at.isoformat()}"
    if x.is_fresh:
        return Alert(key, Severity.INFO, f"{x.symbol} trades again")
    body = "no entries; exits and stops wait until it trades again"
    if held:
        body = (
            f"{held} is held: nothing can be sold and its stop cannot trigger until {x.symbol} trades again, "
            "perhaps far beyond the stop; the bot closes then what is due; no entries meanwhile"
        )
    severity = Severity.CRITICAL if held else Severity.WARNING
    return Alert(key, severity, f"Trading in {x.symbol} is halted by the exchange", body)


def set_aside_alert(x: b.RowSetAside) -> Alert:
    """A row or message that could not be used."""
    titles = {
        "foreign": "The broker lists something that is not the bot's",
        "ambiguous": "An option was passed over: more than one contract answers",
    }
    title = titles.get(x.kind, "A message of the broker cannot be read")
    severity = Severity.WARNING if x.kind == "unreadable" else Severity.INFO
    body = x.text[:300] + (
        "; it is in the journal, and the broker is asked again" if x.kind == "unreadable" else ""
    )
    return Alert(f"set_aside:{x.kind}:{x.text[:80]}", severity, title, body)


def agreed_alert(x: m.Reconciled, *, is_halted: bool) -> Alert:
    """What differed and does not any more: another hand has traded, or the broker reported it late."""
    still = f"still so: {'; '.join(x.mismatches)}" if x.mismatches else "nothing else differs"
    halted = "; trading stays halted until `ibkr-bot resume`" if is_halted else ""
    body = f"{'; '.join(x.agreed)}. Another hand has traded, or the broker reported it late; {still}{halted}"
    return Alert(f"agreed:{x.at.isoformat()}", Severity.WARNING, "A difference is gone", body)


def stuck_alert(x: b.OrderUnanswered, name: str) -> Alert:
    """The broker has left an order, its cancel or its fill unanswered; ``name`` is the contract's."""
    order = spoken_idea(x.ref)
    what = {"cancel": f"the cancel of {order}", "fill": f"a fill of {order}"}.get(x.what, order)
    body = (
        f"{what} has had no answer since {spoken_time(x.since)}: the order may still trade. The bot keeps asking and "
        "sends nothing twice; look at the order in TWS"
    )
    key = f"stuck:{x.ref.rpartition('/')[0]}:{x.what}"
    return Alert(key, Severity.CRITICAL, f"No answer from the broker: {name}", body)
