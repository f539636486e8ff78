"""Is the money safe? One verdict from the status: the first rule that holds, the worst first.

Rule: a position counts as protected when the broker's own open orders prove its stop, and as nothing else. Each verdict says
what is wrong and what to do; where the bot is already doing it, it says that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from bot.domain.types import TradingState
from bot.ops.page.document import PageVerdict
from bot.ops.page.wording import ago, clock
from bot.ops.status.status import BracketView, Status

PROOF_GRACE = timedelta(seconds=10)
"""A fill is proved within seconds; so long a missing proof is looked at, and then it is danger (alert PositionUnprotected)."""
OVERDUE_GRACE = timedelta(minutes=1)

_CAUSES = {
    "operator": "a person halted it",
    "daily_loss": "the day's loss limit is reached",
    "loss_streak": "too many losses in a row",
    "drawdown": "the account is too far below its peak",
    "equity_missing": "the account's value is not known",
    "reconciliation_mismatch": "the broker's books differ from ours",
    "order_refused_storm": "the broker refused too many orders",
    "stale_data": "market data stopped",
    "account_mismatch": "this is not the configured account",
    "disk_failure": "the journal was damaged or could not be written",
    "clock_skew": "the clocks disagree",
    "repeated_failure": "the bot failed several times in a row",
}


def verdict(status: Status) -> PageVerdict:
    """The first rule that has something to say."""
    for rule in _RULES:
        found = rule(status)
        if found is not None:
            return found
    return _safe(status)


def held_positions(status: Status) -> list[BracketView]:
    """Brackets that hold a position, entering ones apart."""
    return [bracket for bracket in status.open_brackets if bracket.quantity]


def is_overdue(bracket: BracketView, status: Status) -> bool:
    """Still held a minute after the latest time at which it was to be closed."""
    return bool(bracket.quantity and status.at and status.at > bracket.close_by + OVERDUE_GRACE)


def _unproved(status: Status) -> Iterator[tuple[BracketView, timedelta]]:
    for bracket in held_positions(status):
        if not bracket.is_proved:
            since = bracket.unprotected_since or bracket.opened_at
            yield bracket, (status.at - since) if status.at and since else timedelta(0)


def _unprotected(status: Status) -> PageVerdict | None:
    naked = [(bracket, length) for bracket, length in _unproved(status) if length > PROOF_GRACE]
    if not naked:
        return None
    bracket, length = max(naked, key=lambda pair: pair[1])
    more = f", and {len(naked) - 1} more" if len(naked) > 1 else ""
    return PageVerdict(
        "danger",
        "Not protected",
        f"{bracket.quantity} {bracket.label}{more}: no stop at the broker is proved for {ago(length.total_seconds())}.",
        "The bot is placing the stop again. If this stays for a minute, close the position: ibkr-bot flatten, or by hand in TWS.",
    )


def _mismatch(status: Status) -> PageVerdict | None:
    found = status.figures.mismatches
    if not found:
        return None
    return PageVerdict(
        "danger",
        "Books differ",
        f"The broker's books and the journal do not agree: {'; '.join(found)}.",
        'Compare with TWS. The bot opens nothing until this is settled; then: ibkr-bot resume "what it was".',
    )


def _overdue(status: Status) -> PageVerdict | None:
    late = [bracket for bracket in held_positions(status) if is_overdue(bracket, status)]
    if not late:
        return None
    names = ", ".join(f"{one.quantity} {one.label} (since {clock(one.close_by)})" for one in late)
    return PageVerdict(
        "danger",
        "Held past its time",
        f"{names} should have been closed and is not.",
        "Nobody may be buying. Look at the option's bid in TWS; the bot keeps its stop and keeps trying to sell.",
    )


def _offline(status: Status) -> PageVerdict | None:
    if status.is_connected and not status.links_down:
        return None
    kept = held_positions(status)
    what = (
        "The bot is not connected to the gateway"
        if not status.is_connected
        else (f"The gateway has lost {', '.join(status.links_down)}")
    )
    stays = f"; {_positions(len(kept))} with a stop resting at the broker" if kept else "; nothing is held"
    level, todo = ("watch", "It reconnects by itself. If it lasts: ibkr-bot doctor says why.")
    return PageVerdict(level, "Not connected", f"{what}{stays}.", todo)  # type: ignore[arg-type]


def _halted(status: Status) -> PageVerdict | None:
    if status.trading_state is not TradingState.HALTED:
        return None
    why = ", ".join(_CAUSES.get(cause, cause.replace("_", " ")) for cause in status.causes)
    return PageVerdict(
        "watch",
        "Halted",
        f"No new trades: {why or 'halted'}. {_kept(status)}",
        'When the cause is removed: ibkr-bot resume "what was done"',
        _proof(status),
    )


def _proving(status: Status) -> PageVerdict | None:
    fresh = [bracket for bracket, _ in _unproved(status)]
    if not fresh:
        return None
    names = ", ".join(f"{one.quantity} {one.label}" for one in fresh)
    return PageVerdict(
        "watch", "Proving", f"Just filled: {names}. The stop is being read back from the broker."
    )


def _not_reconciled(status: Status) -> PageVerdict | None:
    if status.is_reconciled:
        return None
    if status.unread_books:
        return PageVerdict(
            "watch",
            "Books unread",
            f"No new trades: the gateway does not say what the account holds ({status.unread_books}). {_kept(status)}",
            "It is asked again and again. If it lasts: ibkr-bot doctor asks the gateway itself; then restart the gateway.",
        )
    return PageVerdict(
        "watch", "Comparing", f"The broker's books are being compared with the journal. {_kept(status)}"
    )


def _safe(status: Status) -> PageVerdict:
    reason = "Every position has its stop at the broker." if held_positions(status) else "Nothing is held."
    if status.trading_state is TradingState.REDUCING and status.causes:
        waiting = ", ".join(cause.replace("_", " ").lower() for cause in status.causes)
        reason += f" No new trades now: {waiting}."
    return PageVerdict("safe", "Safe", reason, proof=_proof(status))


def _proof(status: Status) -> str:
    if not held_positions(status) and not status.worst_unprotected_s:
        return ""
    parts = ["Proved from the broker's own open orders"] if held_positions(status) else []
    if status.worst_unprotected_s:
        parts.append(f"never unprotected for more than {ago(status.worst_unprotected_s)} since the start")
    text = " · ".join(parts)
    return text[:1].upper() + text[1:]


def _kept(status: Status) -> str:
    kept = held_positions(status)
    return f"{_positions(len(kept))}, each with its stop at the broker." if kept else "Nothing is held."


def _positions(count: int) -> str:
    return "1 position is held" if count == 1 else f"{count} positions are held"


_RULES: tuple[Callable[[Status], PageVerdict | None], ...] = (
    _unprotected, _overdue, _mismatch, _offline, _halted, _proving, _not_reconciled,
)  # fmt: skip
