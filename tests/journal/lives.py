"""Lives of many days that leave a journal, and what each machine knows after a start from it."""

from __future__ import annotations

import random
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.assembly.machines import make_machines
from bot.config import load_settings
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.idea import Idea
from bot.domain.order import Order, OrderStatus, OrderType
from bot.domain.session import nth_session_before
from bot.domain.types import Direction, Side
from bot.execution.watcher import OcoWatcher
from bot.journal.store import Journal
from bot.ops.alerts.events import REMEMBERED, Alerts
from bot.ops.status.status_builder import StatusBuilder
from bot.sim.loopback.dry_run_journal import REPLAYED_KINDS, DryRunJournal
from bot.wiring import BOARD, DURABLE, EXECUTION, MARKET_DATA, OCO_WATCHER, RISK, Machine, subscribers
from tests.journal.makers import CALL, CLOSED, ENTRY, PLACED

SETTINGS = load_settings(None, {"SYMBOLS": "SPY,QQQ"}, Path("none"))
START = date(2025, 11, 3)
CAUSES = (
    "operator",
    "daily_loss",
    "loss_streak",
    "drawdown",
    "reconciliation_mismatch",
    "order_refused_storm",
)


class Life:
    """Months of a bot as its journal has them, by the dice of a seed."""

    def __init__(self, path: Path, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311  dice of a test
        self.at = datetime.combine(START, datetime.min.time(), ENTRY.fill.at.tzinfo) + timedelta(hours=15)
        self.journal = Journal(path, lambda: self.at)
        self.journal._db.execute("PRAGMA synchronous=OFF")  # a test's months need not survive a power cut
        self.halted: set[str] = set()
        self.count = 0
        self.equity = Decimal(50_000)
        self.mismatches: tuple[str, ...] = ()

    def say(self, *messages: m.Message) -> None:
        for message in messages:
            self.journal.record(message)
        self.at += timedelta(seconds=1)

    def day(self) -> None:
        self.say(m.DayOpened(self.at.date().isoformat(), self.at, self.equity))
        for _ in range(self.dice.randrange(4)):
            self.trade()
            self.mark()
            self.dice.choice((self.halt, self.resume, self.reconcile, self.signal, self.flatten, self.mark))()

    def night(self) -> None:
        """To the same time of a later day; now and then the bot stands still for weeks."""
        self.at += timedelta(days=self.dice.choice((1, 1, 1, 3, 9, 30)))
        self.at = self.at.replace(hour=15, minute=0, second=0)

    def trade(self) -> None:
        self.count += 1
        symbol = self.dice.choice(("SPY", "QQQ"))
        idea_id = Idea(symbol, self.at.replace(second=0), self.dice.choice(("scalp", "whale"))).idea_id
        place = replace(
            PLACED, idea_id=idea_id, symbol=symbol, strategy=idea_id.rpartition("-")[2], at=self.at,
            contract=replace(CALL, con_id=100 + self.count, symbol=symbol, expiry=self.at.date() + timedelta(days=40)),
        )  # fmt: skip
        legs = (("entry", Side.BUY), ("target", Side.SELL), ("stop", Side.SELL))
        orders = tuple(
            Order(
                ref=f"{idea_id}/{leg}", contract=place.contract, side=side, type=OrderType.LIMIT, quantity=3,
                limit_price=Decimal(1),
            )
            for leg, side in legs
        )  # fmt: skip
        self.at += timedelta(minutes=1)
        self.say(place, b.SendOrders(orders, self.at))
        end = self.dice.choice(("refused", "abandoned", "open", "half", "target", "target", "stop", "stop"))
        if end == "refused":
            self.say(b.OrderRefused(f"{idea_id}/entry", 201, "no", self.at))
        if end in ("refused", "abandoned"):
            for leg in ("entry", "target", "stop"):
                self.status(idea_id, leg, OrderStatus.CANCELLED)
            self.say(m.EntryAbandoned(idea_id, symbol, "late", self.at))
            return
        for leg in ("entry", "target", "stop"):
            self.status(idea_id, leg, OrderStatus.WORKING)
        self.fill(place, "entry", 3, Decimal("0.79"))
        self.status(idea_id, "entry", OrderStatus.FILLED)
        if end == "half":
            self.fill(place, "stop", 1, Decimal("0.64"))
        if end in ("open", "half"):
            self.say(b.SendRevision(f"{idea_id}/target", Decimal("1.1"), 3, self.at))
            return
        other = "stop" if end == "target" else "target"
        self.fill(place, end, 3, Decimal(1) if end == "target" else Decimal("0.6"))
        self.status(idea_id, end, OrderStatus.FILLED)
        self.say(b.SendCancel(f"{idea_id}/{other}", self.at))
        self.status(idea_id, other, OrderStatus.CANCELLED)
        pnl = Decimal(60) if end == "target" else Decimal(-57)
        self.equity += pnl
        self.say(
            replace(
                CLOSED, idea_id=idea_id, symbol=symbol, strategy=place.strategy, contract=place.contract, pnl=pnl,
                exit_reason=end, opened_at=place.at, closed_at=self.at,
            )
        )  # fmt: skip

    def status(self, idea_id: str, leg: str, status: OrderStatus) -> None:
        order_id = self.count * 10 + len(leg)
        filled = 3 if status is OrderStatus.FILLED else 0
        self.say(
            b.OrderStatusChanged(
                ref=f"{idea_id}/{leg}", status=status, filled=filled, remaining=3 - filled, perm_id=order_id,
                order_id=order_id, at=self.at,
            )
        )  # fmt: skip

    def fill(self, place: m.PlaceBracket, leg: str, quantity: int, price: Decimal) -> None:
        side = Side.BUY if leg == "entry" else Side.SELL
        exec_id = f"e{self.count}.{leg}.01"
        ref = f"{place.idea_id}/{leg}"
        fill = replace(
            ENTRY.fill, exec_id=exec_id, order_ref=ref, contract=place.contract, side=side, quantity=quantity,
            price=price, at=self.at, perm_id=self.count * 10 + len(leg),
        )  # fmt: skip
        self.say(m.FillBooked(fill), b.CommissionCharged(exec_id, ref, Decimal("1.95"), "USD"))

    def mark(self) -> None:
        self.equity += self.dice.randrange(-300, 300)
        self.say(m.EquityMarked(self.at, self.equity, Decimal(0), self.equity))

    def halt(self) -> None:
        cause = self.dice.choice(CAUSES)
        self.halted.add(cause)
        self.say(m.Halted(self.at, cause, "; ".join(self.mismatches) or "why", "me"))

    def resume(self) -> None:
        for cause in sorted(self.halted):
            self.say(m.Resumed(self.at, cause, "seen", "me"))
        self.halted.clear()

    def reconcile(self) -> None:
        self.mismatches = self.dice.choice(((), (f"SPY {self.count}",)))
        self.say(m.Reconciled(self.at, (), self.mismatches))

    def signal(self) -> None:
        strategy = self.dice.choice(("scalp", "whale"))
        self.say(m.SignalFired("SPY", strategy, Direction.BULLISH, self.at.replace(second=0)))
        self.say(
            m.SignalPostponed(
                idea_id=Idea("SPY", self.at.replace(second=0), strategy).idea_id, symbol="SPY", strategy=strategy,
                direction=Direction.BULLISH, confidence=0.7, reason="late", close=600.0, at=self.at,
                valid_until=self.at + timedelta(days=1),
            )
        )  # fmt: skip

    def flatten(self) -> None:
        self.say(m.FlattenAll(self.at, "enough", "me"))


def knowledge(rows: list[m.Message], at: datetime) -> dict[str, Any]:
    """What a start from these rows knows, as far as anything that comes can ask for it."""
    board, alerts, dry_run = StatusBuilder(SETTINGS.symbols), Alerts(lambda _: None), DryRunJournal()
    machines: dict[str, Machine] = {**make_machines(SETTINGS, 1.0), BOARD: board}
    for row in rows:
        for name in subscribers(row, DURABLE):
            if name in machines:
                machines[name].remember(row)
    alerts.catch_up(row for row in rows if type(row) in REMEMBERED)
    for row in rows:
        if type(row) in REPLAYED_KINDS:
            dry_run.learn(row)
    return {
        **_risk(machines[RISK], at),
        **_orders(machines[EXECUTION]),
        "watched": _watched(machines[OCO_WATCHER]),
        "pinned": vars(machines[MARKET_DATA])["_pinned"],
        "strategies": [_strategy(machines[f"strategy:{symbol}"], at) for symbol in SETTINGS.symbols],
        "board": (board.status.open_brackets, board.status.closed_trades, board.status.start_equity),
        "equity": (board.status.equity, board.status.peak),
        "alerts": (vars(alerts)["_latch"].causes, vars(alerts)["_entered"], vars(alerts)["_plans"]),
        "dry run": (dry_run.next_id, dry_run.fills(at.date()), list(dry_run.resting(at.date()))),
    }


def _risk(machine: Any, at: datetime) -> dict[str, Any]:
    losses, exposure, latch = machine.book.losses, machine.book.exposure, machine.book.latch
    today, first = at.date(), nth_session_before(at.date(), 5).day
    recent = {cause: when for cause, when in losses.refused_at.items() if at - when < timedelta(days=7)}
    return {
        "loss streak": (losses.streak, losses.last_loss_at, recent),
        "peaks": [losses.peak_usd(today, sessions) for sessions in (1, 2, 5, 20, 250)],
        "day": (losses.day, losses.day_start_usd, losses.day_low_usd, losses.marked_at),
        "open": exposure.open(),
        "day trades": exposure.day_trades_since(first, today),
        "totals": (asdict(exposure.totals(today)), exposure.approvals_since(at, timedelta(days=1))),
        "halts": (latch.causes, latch.accepted_mismatches),
    }


def _orders(manager: Any) -> dict[str, Any]:
    book = manager._book
    return {
        "unsettled": {record.ref: record for record in book.unsettled()},
        "held": {idea: book.ledger.position(idea) for idea in manager._open},
        "gate": manager._gate.is_shut,
        "accepted": (set(manager._reconciliation._accepted), manager._reconciliation._named),
    }


def _watched(watcher: Any) -> dict[str, Any]:
    assert isinstance(watcher, OcoWatcher)
    return {x.idea_id: x for x in watcher._brackets.brackets.values() if not x.is_ended}


def _strategy(machine: Any, at: datetime) -> dict[str, Any]:
    known = vars(machine)
    cooldowns = [
        [vars(part) for part in vars(one).values() if type(part).__name__ == "Cooldown"]
        for one in known["_strategies"]
    ]
    waiting = {name: one for name, one in known["_postponed"].items() if one.signal.valid_until > at}
    return {"held": known["_held"], "postponed": waiting, "cooldowns": cooldowns}
