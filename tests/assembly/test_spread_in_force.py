"""How wide a spread may be is decided in one place: what Risk lets through, selection chooses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.actors.replay import Replay
from bot.actors.runtime import Line
from bot.actors.turns import TurnPeer, Turns
from bot.assembly.machines import RulesInForce
from bot.config import Settings, hand_down, load_settings
from bot.domain import messages as m
from bot.domain.limits import messages as lm
from bot.domain.market import Bar, BarSize, Quote
from bot.domain.messages import Message
from bot.domain.session import NEW_YORK
from bot.domain.types import Direction
from bot.risk.limit_book import limits_in_force
from bot.wiring import BOARD, JOURNAL, RISK
from tests.gauntlet.signals import told_strategy
from tests.risk.house import CALL, NOON, QUOTE, opened

STOCK = 7
NEXT = NOON + timedelta(minutes=1)
MINUTE = f"{NEXT.astimezone(NEW_YORK):%H:%M}"
WIDE = replace(QUOTE, at=NEXT, bid=Decimal("1.91"), ask=Decimal("2.00"), volume=500, open_interest=500)
"""4.6 % of the mid."""
CALLS = tuple(replace(CALL, con_id=101 + n, strike=Decimal(510 + n)) for n in (-1, 0, 1))


def settings(**variables: str) -> Settings:
    return load_settings(None, {"OPTIONS__EXPIRY": "0-14", **variables})


def loosened(value: str) -> lm.LimitsChanged:
    row = lm.LimitLoosened(
        NOON, "max_spread_pct", Decimal("0.04"), Decimal(value), NOON + timedelta(days=1), "seen", "ann"
    )
    return lm.LimitsChanged(NOON, loosened=(row,))


def held(value: str) -> lm.LimitsChanged:
    return lm.LimitsChanged(NOON, held_back={"max_spread_pct": value})


def became(*before: Message) -> str:
    """What a signal becomes whose contract is quoted a little too wide for the settings."""
    machine = told_strategy("SPY", settings(), {MINUTE: Direction.BULLISH})
    stock = Quote(con_id=STOCK, symbol="SPY", at=NEXT, bid=Decimal("509.99"), ask=Decimal("510.01"))
    minute = m.BarClosed(Bar("SPY", BarSize.M1, NOON, 509.5, 509.5, 509.5, 509.5, 1.0))
    told = (m.WatchlistChanged("SPY", STOCK, CALLS), m.QuoteUpdated(stock), m.QuoteUpdated(WIDE))
    said = [x for message in (*before, *told, minute) for x in machine.handle(message)]
    (end,) = (x for x in said if isinstance(x, m.TradeIdea | m.IdeaDropped))
    return end.code if isinstance(end, m.IdeaDropped) else "idea"


def test_a_wider_spread_is_chosen_while_the_limit_is_loosened_and_not_a_day_longer() -> None:
    assert became() == "SPREAD_WIDE_PCT"
    assert became(loosened("0.06")) == "idea"
    assert became(loosened("0.06"), lm.LimitsChanged(NOON)) == "SPREAD_WIDE_PCT"


@pytest.mark.parametrize(
    "changed", [None, loosened("0.06"), loosened("0.03"), held("0.02"), lm.LimitsChanged(NOON)]
)
@pytest.mark.parametrize("variables", [{}, {"STRATEGIES__WHALE__OPTIONS__MAX_SPREAD_PCT": "0.08"}])
def test_selection_asks_of_a_spread_what_risk_asks(
    changed: lm.LimitsChanged | None, variables: dict[str, str]
) -> None:
    chosen = settings(**variables)
    limits = limits_in_force(hand_down.risk_limits(chosen), changed)

    for name, rules in RulesInForce(chosen).under(changed).items():
        assert rules.liquidity.max_spread_pct == limits.spread_cap(name)


class Note:
    def __init__(self, name: str, log: list[tuple[str, Message]]) -> None:
        self._name, self._log = name, log

    def handle(self, message: Message) -> Iterator[Message]:
        self._log.append((self._name, message))
        return iter(())

    def remember(self, message: Message) -> None:
        """Nothing to restore."""


def loosen_on(runtime: str) -> list[str]:
    """Who hears that a limit changed, of a line with two symbols."""
    log: list[tuple[str, Message]] = []
    order = lm.LoosenLimit(
        NOON, "max_spread_pct", Decimal("0.06"), NOON + timedelta(days=1), "quiet market", "ann"
    )
    machines = {name: Note(name, log) for name in (JOURNAL, BOARD, "strategy:SPY", "strategy:QQQ")}
    if runtime == "replay":
        Replay({**machines, RISK: opened()}).tell(order)
    else:
        turns, line = Turns(), Line(lambda _: None)
        for name, machine in {**machines, RISK: opened()}.items():
            line.peers[name] = TurnPeer(name, machine, line, lambda *_: None, turns)
        line.emit(order)
        turns.work_off()
    return [name for name, message in log if isinstance(message, lm.LimitsChanged)]


@pytest.mark.parametrize("runtime", ["replay", "live"])
def test_every_symbols_strategies_hear_of_a_changed_limit(runtime: str) -> None:
    assert loosen_on(runtime) == [JOURNAL, BOARD, "strategy:SPY", "strategy:QQQ"]
