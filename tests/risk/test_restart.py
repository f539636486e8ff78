"""A machine rebuilt from the rows on disk judges exactly as the one that wrote them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.types import Side
from bot.risk.limits import RiskLimits
from bot.risk.machine import RiskMachine
from bot.wiring import DURABLE, RISK
from tests.risk.house import (
    NOON,
    SESSION,
    TERMS,
    account,
    closed,
    connected,
    fill,
    idea,
    put,
    reconciled,
    tell,
)

LIMITS = RiskLimits(
    strategies=TERMS,
    max_risk_pct_per_trade=Decimal("0.02"),
    max_orders_per_day=6,
    max_orders_per_minute=2,
    max_loss_streak=3,
    max_contracts_per_day=25,
    max_notional_per_day_usd=Decimal(6000),
)

Step = tuple[str, int, int]
QUIET = ("idea", "put", "buy", "sell", "close", "abandon", "equity", "adopt")
KINDS = (*QUIET, *QUIET, "margin", "margin", "refuse", "halt", "resume", "mismatch")
steps = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 240), st.integers(-300, 300)), min_size=3, max_size=40
)


def is_for_risk(message: m.Message) -> bool:
    return RISK in DURABLE.get(type(message), ())


class Life:
    """One life of the machine: what happens to it, and the rows that reach the disk."""

    def __init__(self, limits: RiskLimits) -> None:
        self.machine = RiskMachine(limits, SESSION)
        self.rows: list[m.Message] = []
        self.brackets: list[m.PlaceBracket] = []
        self.asked: list[str] = []
        self.now = NOON
        self.hear(connected(), reconciled(), account(), idea(idea_id="first"))

    def hear(self, *messages: m.Message) -> None:
        for message in messages:
            said = tell(self.machine, message)
            self.rows += [row for row in (message, *said) if is_for_risk(row)]
            self.brackets += [row for row in said if isinstance(row, m.PlaceBracket)]
            self.asked += [row.idea_id for row in said if isinstance(row, b.QuoteMargin)]

    def step(self, kind: str, seconds: int, amount: int, n: int) -> None:
        self.now += timedelta(seconds=seconds)
        at = self.now
        happens: dict[str, tuple[m.Message, ...]] = {
            "idea": (account(str(10_000 + amount), at), idea(at, idea_id=f"i{n}")),
            "put": (account(str(10_000 + amount), at), put(at, idea_id=f"p{n}")),
            "refuse": (b.OrderRefused("x/entry", 201, "no", at),),
            "equity": (account(str(10_000 + amount), at),),
            "halt": (m.HaltTrading(at, "x", "ann"),),
            "resume": (m.ResumeTrading(at, "x", "ann"),),
            "mismatch": (reconciled(at, f"stranger {amount % 3}"),),
        }
        if kind == "margin" and self.asked:
            happens[kind] = (b.MarginQuoted(self.asked.pop(), at, Decimal(1), Decimal(9000), Decimal(1)),)
        if self.brackets:
            last = self.brackets[-1]
            happens |= {
                "buy": (fill(last, Side.BUY, at, "entry", f"e{n}.01"),),
                "sell": (fill(last, Side.SELL, at, "stop", f"e{n}.01"),),
                "close": (closed(last, str(amount), at),),
                "adopt": (
                    m.BracketAdopted(
                        replace(last, idea_id=f"a{n}", at=at - timedelta(days=n % 3)), (), (), at
                    ),
                ),
                "abandon": (m.EntryAbandoned(last.idea_id, last.symbol, "time-out", at),),
            }
        self.hear(*happens.get(kind, (m.TimePassed(at),)))


def on_disk(machine: RiskMachine) -> list[dict[str, object]]:
    """All of the machine's state that must survive."""
    return [vars(part) for part in (machine.book.exposure, machine.book.losses, machine.book.latch)]


def morning(machine: RiskMachine, life: Life) -> list[m.Message]:
    """The broker's present, then questions: the same answers are expected of both machines."""
    at = life.now + timedelta(seconds=1)
    tell(machine, b.BrokerDisconnected(at, "restart"), connected(at), reconciled(at), account(at=at))
    machine.limit_book.settings = replace(machine.limits, what_if=False)
    questions = [idea(at, idea_id="new"), put(at, idea_id="new put")]
    questions += [idea(at, idea_id=bracket.idea_id) for bracket in life.brackets[-1:]]
    return tell(machine, *questions)


@settings(max_examples=120, deadline=None)
@given(steps, st.booleans())
def test_a_rebuilt_machine_holds_the_same_state_and_gives_the_same_answers(
    script: list[Step], what_if: bool
) -> None:
    life = Life(replace(LIMITS, what_if=what_if))
    for n, (kind, seconds, amount) in enumerate(script):
        life.step(kind, seconds, amount, n)

    rebuilt = RiskMachine(LIMITS, SESSION)
    for row in life.rows:
        rebuilt.remember(row)

    assert on_disk(rebuilt) == on_disk(life.machine)
    expected, answered = morning(life.machine, life), morning(rebuilt, life)
    assert [x for x in answered if not isinstance(x, m.TradingStateChanged)] == [
        x for x in expected if not isinstance(x, m.TradingStateChanged)
    ]
