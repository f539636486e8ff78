"""What was decided and what became of it: orders, signals, and why nothing was traded."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import product

from bot.domain.order import OrderStatus
from bot.domain.types import Direction
from bot.ops.metrics.family import Family, Picture, Sample, counts, one
from bot.ops.status.counters import LEGS
from bot.risk.denials import DenialCode
from bot.selection.no_contract import NoContractCode
from bot.strategies.base import Reason
from bot.strategies.entry_timing import GAP_TOO_WIDE, SIGNAL_EXPIRED, SIGNAL_OUTRANKED, SIGNAL_REPLACED
from bot.strategies.registry import STRATEGIES
from bot.strategies.symbol import mode_denial

OTHER_SKIPS = (
    "ENTRY_ABANDONED",
    SIGNAL_OUTRANKED,
    SIGNAL_REPLACED,
    SIGNAL_EXPIRED,
    GAP_TOO_WIDE,
    *(mode_denial(spec.name) for spec in STRATEGIES if spec.confirms),
)
SKIPS = sorted({*map(str, DenialCode), *map(str, NoContractCode), *OTHER_SKIPS})
DECISIONS = ("approved", "denied", "dropped", "abandoned")
REJECT_CODES = (103, 110, 200, 201, 203, 321, 387, 460)
"""Refusals seen in practice; another code appears when it first comes."""


def _orders(x: Picture) -> Iterable[Sample]:
    expected = product(x.constants.strategies, map(str, LEGS), map(str, OrderStatus))
    return counts(x.status.figures.orders, expected)


def _rejects(x: Picture) -> Iterable[Sample]:
    known: dict[tuple[str, ...], int] = {(str(code),): n for code, n in x.status.refusals.items()}
    return counts(known, [(str(code),) for code in REJECT_CODES])


def _skips(x: Picture) -> Iterable[Sample]:
    known: dict[tuple[str, ...], int] = {(str(code),): n for code, n in x.status.not_traded.items()}
    return counts(known, [(code,) for code in SKIPS])


def _signals(x: Picture) -> Iterable[Sample]:
    return counts(x.status.signals, product(x.constants.strategies, map(str, Direction)))


def _judged(x: Picture) -> Iterable[Sample]:
    return counts(x.status.figures.judged, product(x.constants.strategies, map(str, Reason)))


def _entries(x: Picture) -> Iterable[Sample]:
    return counts(x.status.figures.entries, product(x.constants.strategies, DECISIONS))


def _slippage(x: Picture) -> Iterable[Sample]:
    return [((leg,), tally) for leg, tally in x.status.figures.slippage_ticks.items()]


def _beyond_model_ticks(x: Picture) -> Iterable[Sample]:
    return [((leg,), tally) for leg, tally in x.status.figures.beyond_model_ticks.items()]


def _beyond_model_usd(x: Picture, which: int) -> Iterable[Sample]:
    known = x.status.figures.beyond_model_usd
    return [((leg, x.constants.currency), money[which]) for leg, money in sorted(known.items())]


def _beyond_model_unknown(x: Picture) -> Iterable[Sample]:
    known: dict[tuple[str, ...], int] = {
        (leg,): n for leg, n in x.status.figures.beyond_model_unknown.items()
    }
    return counts(known, [(str(leg),) for leg in LEGS])


ORDERS = [
    Family("orders", "orders", "counter",
           "Orders by the states they reached; each counts once for each state.",
           _orders, ("strategy", "leg", "outcome")),
    Family("orders", "orders_working", "gauge", "Orders that are alive at the broker.",
           one(lambda x: x.status.figures.working)),
    Family("orders", "orders_unanswered", "gauge",
           "Orders that the broker has left without an answer for long: the order itself, its cancel or its fill.",
           one(lambda x: len(x.status.unanswered))),
    Family("orders", "order_rejects", "counter",
           "Orders that the broker rejected, by IB's code.", _rejects, ("code",)),
    Family("orders", "fills", "counter",
           "Executions booked, corrections apart.", one(lambda x: x.status.fills)),
    Family("orders", "order_ack_latency_seconds", "histogram",
           "Wall time from sending an order to the broker's first word on it.",
           one(lambda x: x.run.ack_latency_s)),
    Family("orders", "order_fill_latency_seconds", "histogram",
           "Bot time from an approved entry to its first fill.",
           one(lambda x: x.status.figures.fill_latency_s)),
    Family("orders", "slippage_ticks", "histogram",
           "Ticks by which a fill was worse than its order's price; negative is better.",
           _slippage, ("leg",)),
    Family("orders", "model_slippage_ticks", "histogram",
           "Ticks by which a fill was worse than expected at its decision: the ask seen, the target, the stop's trigger less the "
           "spread seen, the bid of an exit; negative is better.",
           _beyond_model_ticks, ("leg",)),
    Family("orders", "model_slippage_money", "gauge", "The same in money, all fills since the line's start.",
           partial(_beyond_model_usd, which=0), ("leg", "currency")),
    Family("orders", "model_slippage_worst_money", "gauge", "The same in money, the worst fill since the line's start.",
           partial(_beyond_model_usd, which=1), ("leg", "currency")),
    Family("orders", "model_slippage_unknown", "counter",
           "Fills of which nobody had said what to expect.", _beyond_model_unknown, ("leg",)),
]  # fmt: skip

SIGNALS = [
    Family("signals", "bars_judged", "counter", "Bars a strategy judged, by the reason it gave.",
           _judged, ("strategy", "reason")),
    Family("signals", "signals", "counter", "Signals fired.", _signals, ("strategy", "direction")),
    Family("signals", "entries", "counter",
           "Ideas by what became of them.", _entries, ("strategy", "decision")),
    Family("signals", "skips", "counter", "Signals not traded, by the code of the denial (docs/denials.md).",
           _skips, ("reason",)),
]  # fmt: skip
