"""Which faults are planted, by the incident they were, and which are not and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.assembly import port
from bot.broker.adapter import Adapter
from bot.broker.commands import Commands
from bot.broker.connection import pacing
from bot.broker.data.bar_feed import Bars
from bot.broker.data.bars import BarStream
from bot.broker.data.quote_feed import Quotes
from bot.broker.data.quotes import QuoteTicks
from bot.broker.orders import order_sender
from bot.broker.orders.account_queries import AccountQueries
from bot.broker.orders.order_events import OrderEvents
from bot.broker.orders.order_index import OrderIndex
from bot.broker.orders.set_aside import SetAside
from bot.execution import bracket_book, order_manager
from bot.execution.books.ledger import FillLedger
from bot.execution.closing import Closing
from bot.execution.exits import ExitPlans
from bot.execution.order_manager import OrderManager
from bot.execution.protection_guard import ProtectionGuard
from bot.execution.reconciliation import Reconciler
from bot.execution.unanswered import UnansweredOrders
from bot.journal.store import Journal
from bot.ops.alerts.events import Alerts
from bot.risk import approval, sizing
from bot.risk.breakers import Losses
from bot.risk.conditions import Conditions
from bot.risk.machine import RiskMachine
from bot.strategies.symbol import SymbolStrategy
from tests.simulation import life
from tests.simulation import needs as n
from tests.simulation import plants as p
from tests.simulation.needs import Need
from tests.simulation.plants import Patch


@dataclass(frozen=True, slots=True)
class Plant:
    """``row`` names the incident in docs/gauntlet.md, or the seed that found it first."""

    row: str
    words: str
    patches: tuple[Patch, ...]
    needs: Need = n.always


PLANTS: Final[tuple[Plant, ...]] = (
    Plant(
        "G1",
        "bars are asked for once, and silence is not noticed",
        ((Bars, "_open", p.asks_once), *p.UNWATCHED),
        n.after_signal("kill_feeds", *n.AWAY, low_s=-900),
    ),
    Plant(
        "G2",
        "three bars in four end in an exception that is swallowed",
        ((SymbolStrategy, "decide", p.swallowing),),
    ),
    Plant(
        "G3",
        "a line is forgotten and never cancelled",
        ((Quotes, "unwatch", p.leaking),),
        n.after_signal("gap", low_s=-900),
    ),
    Plant(
        "G5",
        "another instrument's price is taken for the option's",
        ((QuoteTicks, "quote", p.anothers), (approval, "QUOTE_RULES", p.INSANE)),
    ),
    Plant("G7", "a size of at least one", ((approval, "size", p.at_least_one),), n.poor(2_500)),
    Plant("G8", "the size ignores the multiplier", ((sizing, "contracts_at_risk", p.hundredfold),)),
    Plant(
        "G9",
        "a bearish signal sells the option short",
        ((order_manager, "bracket_orders", p.sold), (order_sender, "why_forbidden", lambda _: "")),
    ),
    Plant(
        "G11",
        "the stop is the bot's own, and none is at the broker",
        ((order_manager, "bracket_orders", p.without_stop), *p.DISTANT),
    ),
    Plant(
        "G12",
        "the stop is a limit order priced off the stock, and nobody looks",
        ((order_sender, "order_fields", p.limit_as_stop), *p.BLIND),
    ),
    Plant(
        "G12",
        "a stop that is gone is not replaced",
        ((ProtectionGuard, "_repair", p.nothing),),
        n.after_signal("cancel_by_hand", low_s=5),
    ),
    Plant(
        "G13",
        "a refused order is sent again under another id",
        ((order_sender.Orders, "_rejected", p.again),),
        n.after_signal("reject", low_s=-120, high_s=0),
    ),
    Plant(
        "G14",
        "any word about an order means it is dead",
        ((order_sender, "order_effect", p.dead_by_any_word),),
    ),
    Plant(
        "G22",
        "entries outside the session's hours",
        ((approval, "entry_time", p.passes), (approval, "early_close", p.passes)),
        n.through_the_open,
    ),
    Plant(
        "G23",
        "a halt is forgotten at the restart",
        ((RiskMachine, "remember", p.forgetful),),
        n.first_then(("halt", "halt_file", "flatten"), n.ENDS),
    ),
    Plant(
        "G24",
        "order ids begin where the gateway says after it rolled back",
        (
            (port, "order_id_floor", lambda _: 0),
            (Adapter, "_leave", p.leave),
            (OrderEvents, "_open_order", p.unraised),
        ),
        n.both(n.before_signal("restart"), n.after_signal("restart", low_s=10, roll_back_ids=True)),
    ),
    Plant(
        "G25",
        "fills during an outage are never asked for",
        ((AccountQueries, "executions", p.no_executions),),
        n.after_signal(*n.AWAY, "lost", "kill", low_s=-120),
    ),
    Plant(
        "G26",
        "feeds that die without a word are not noticed",
        p.UNWATCHED,
        n.after_signal("kill_feeds", low_s=-900, high_s=1200),
    ),
    Plant(
        "G27",
        "an intent is sent twice",
        ((OrderManager, "_place", p.twice), (order_sender.Orders, "_send", p.unchecked)),
    ),
    Plant(
        "G28",
        "target and stop do not end each other",
        ((order_sender, "order_fields", p.without_group), (Closing, "_end_orphans", p.nothing)),
        n.after_signal("pin", low_s=10),
    ),
    Plant(
        "G29",
        "a fill that is told twice is booked twice",
        ((FillLedger, "weigh", p.weigh),),
        n.after_signal("doubled", *n.AWAY),
    ),
    Plant(
        "G30", "an empty answer is read as flat", ((AccountQueries, "positions", p.nothing_held),), n.always
    ),
    Plant("G31", "no pace is kept", ((pacing.MessagePacer, "take", lambda *_, **__: 0.0),), n.wide),
    Plant(
        "G32",
        "entries on data that are not live",
        ((approval, "QUOTE_RULES", p.UNLIVE),),
        n.before_signal("competing_session"),
    ),
    Plant(
        "G34",
        "a clock that is off is not looked at",
        ((Conditions, "clock_skew_s", property(lambda _: 0.0)),),
        n.before_signal("clock_skew", least=11.0),
    ),
    Plant("G36", "an order leaves before its intent is on disk", ((Journal, "commit", p.recorded),)),
    Plant(
        "G37",
        "what another hand traded is agreed to",
        ((Reconciler, "conclude", p.agreeing),),
        n.after_signal("manual_close", "foreign_order", low_s=5),
    ),
    Plant(
        "G39",
        "the stop is given up before the closing order is accepted",
        ((ExitPlans, "_flatten", p.alone), (ExitPlans, "_movable", p.passes)),
        n.after_signal("flatten", low_s=5),
    ),
    Plant("G41", "a stop moved to 0.01 counts as protection", p.BLIND, n.after_signal("move_stop", low_s=5)),
    Plant(
        "G42",
        "nobody is told of a halt",
        ((Alerts, "handle", p.deaf),),
        n.after_signal("halt", "halt_file", "flatten", low_s=-900, high_s=1800),
    ),
    Plant(
        "G48",
        "one refused entry counts as three",
        ((Losses, "refuse", p.thrice),),
        n.after_signal("reject", low_s=-120, high_s=0),
    ),
    Plant(
        "G54",
        "a trading halt is bought into",
        ((approval, "QUOTE_RULES", p.PLAIN),),
        n.before_signal("halt_trading"),
    ),
    Plant(
        "G55",
        "a forming bar of the back-fill is taken as closed",
        ((BarStream, "backfill", p.all_closed),),
        n.after_signal(*n.AWAY, low_s=-900, high_s=1800),
    ),
    Plant(
        "G62",
        "an unknown status ends the line",
        ((SetAside, "guard", p.unguarded),),
        n.after_signal("odd_status", low_s=-120, high_s=60),
    ),
    Plant(
        "G63",
        "spread, slippage and fees are left out of the size",
        ((sizing, "stop_loss", p.without_costs), (approval, "stop_loss", p.without_costs)),
        n.poor(20_000, 5_000),
    ),
    Plant(
        "G69",
        "commissions are counted again",
        ((bracket_book.Commissions, "learn", p.learn),),
        n.after_signal(*n.AWAY, low_s=5),
    ),
    Plant(
        "G71",
        "an execution is booked by its order id alone",
        ((OrderIndex, "find", p.by_order_id), (OrderEvents, "_execution", p.without_reference)),
        n.after_signal("other_id"),
    ),
    Plant(
        "G72",
        "what a restart swallowed is not asked for",
        ((UnansweredOrders, "put", p.passes),),
        n.after_signal("swallowed", low_s=-900, high_s=15, kind="placeOrder"),
    ),
    Plant("G74", "an entry has no end at the broker", ((order_sender, "order_fields", p.without_end),)),
    Plant(
        "G83",
        "a disk that stalls is told to nobody",
        ((life, "judge_disk", p.passes),),
        n.after_signal("disk_slow", low_s=-60),
    ),
    Plant(
        "seed 102",
        "a bar that an outage cut short is closed by the clock",
        ((BarStream, "close_by_clock", p.closed_by_clock),),
        n.after_signal(
            "outage", "half_open", "freeze", "farm", "partition", "kill_feeds", low_s=-900, high_s=1800
        ),
    ),
    Plant(
        "seed 111",
        "a contract that cannot be asked for while IB is away is never asked for again",
        ((Commands, "_try", p.gives_up),),
        n.first_then(("outage",), n.ENDS, signal=False),
    ),
)
"""In the order of the incidents. Two may have the same row."""

UNPLANTED: Final[dict[str, str]] = {
    "G4, G6, G51, G82": "the listing of the recorded day is whole: no pair that does not exist, no adjusted or mini contract",
    "G10, G56, G57": "strategies: here they say what the seed tells them to; tests/strategies compares them with references",
    "G15, G17, G19, G38, G45, G50, G58, G65": "doctor, build id, settings and words for a person: no order hangs on them",
    "G16, G18, G44, G67": "one bot on one host: no second one claims the client id, the directory or the references",
    "G20, G21, G78": "threads and signals, which the simulation has swapped; tests/live_line keeps them",
    "G33, G59, G61": "the journal is torn and full here, not rotten: tests/journal damages each column of a row",
    "G35, G43, G52, G68, G70, G73, G75": "appliance: log-in, boot, roll-back, the written file of a halt; the lab and tests/ops",
    "G40, G60, G64, G76, G77, G79, G81": "longer than a run: overnight, a year, a streak of days, an expiry, the calendar's end",
    "G46, G80": "the bot's steady clock is modelled, not run (test_clocks.py); tests/gauntlet/test_clock_steps.py",
    "G47, G49, G53, G66": "rows, currencies, time formats and a mute account stream, which no fault here sends",
}
"""Rows without a plant, and why."""
