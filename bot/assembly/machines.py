"""Every machine of the line, made from the settings, fresh and without memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from bot.config import hand_down
from bot.domain.contract import Contract
from bot.domain.market import Quote
from bot.domain.session import new_york_day
from bot.domain.types import ConId, Direction, Symbol
from bot.execution.order_manager import OrderManager
from bot.execution.watcher import OcoWatcher
from bot.market_data.machine import MarketData
from bot.risk.adoption import plan_of
from bot.risk.limit_book import limits_in_force
from bot.risk.machine import RiskMachine
from bot.risk.session_rules import entry_time
from bot.selection.choose import SelectionRules, choose_contract
from bot.selection.no_contract import NoContract
from bot.strategies.entry_timing import EntryTiming
from bot.strategies.registry import make_strategies
from bot.strategies.symbol import Chosen, Limits, Mode, SymbolStrategy, Unfit
from bot.wiring import EXECUTION, MARKET_DATA, OCO_WATCHER, RISK, Machine

if TYPE_CHECKING:
    from bot.config import Settings

QuotesById = Mapping[ConId, Quote]


def _as_told(told: QuotesById) -> QuotesById:
    return told


class RulesInForce:
    """Each strategy's option rules under the limits of this moment: selection and Risk ask the same ``spread_cap``."""

    def __init__(self, settings: Settings) -> None:
        self._limits, self._rules = hand_down.risk_limits(settings), hand_down.option_rules(settings)
        self._now: tuple[Limits, Mapping[str, SelectionRules]] = None, self._rules

    def under(self, changed: Limits) -> Mapping[str, SelectionRules]:
        """By the strategy's name; worked out once for each change."""
        if changed is not self._now[0]:
            limits = limits_in_force(self._limits, changed)
            caps = {name: limits.spread_cap(name) for name in self._rules}
            self._now = changed, {name: _capped(rules, caps[name]) for name, rules in self._rules.items()}
        return self._now[1]


def _capped(rules: SelectionRules, most: Decimal) -> SelectionRules:
    return replace(rules, liquidity=replace(rules.liquidity, max_spread_pct=most))


def choose(
    rules: RulesInForce,
    strategy: str,
    direction: Direction,
    contracts: tuple[Contract, ...],
    quotes: QuotesById,
    spot: float | None,
    at: datetime,
    changed: Limits,
    held: Collection[ConId],
) -> Chosen | Unfit:
    """Selection as the strategies' machine wants it."""
    own = rules.under(changed)[strategy]
    found = choose_contract(direction, spot, contracts, quotes, new_york_day(at), own, held)
    if isinstance(found, NoContract):
        return Unfit(found.code.upper(), found.numbers)
    return Chosen(found.contract, found.quote)


def make_machines(
    settings: Settings, time_scale: float, quotes_by: Callable[[QuotesById], QuotesById] = _as_told
) -> dict[str, Machine]:
    """Every machine of the line but the listeners, fresh and without memory.

    ``quotes_by`` stands between what a strategy was told of its contracts and what it chooses by.
    """
    limits, session = hand_down.risk_limits(settings).scaled(time_scale), hand_down.session_rules(settings)
    if time_scale > 1:
        # On a fast clock both sides read one ScaledTime: what looks like an offset is the time a message took.
        limits = replace(limits, max_clock_skew_s=None)
    watch = hand_down.market_data_limits(settings)
    watch = replace(
        watch,
        bars_stale_after_s=watch.bars_stale_after_s * time_scale,
        quotes_stale_after_s=watch.quotes_stale_after_s * time_scale,
        late_bar_after_s=watch.late_bar_after_s * time_scale,
    )
    machines: dict[str, Machine] = {
        OCO_WATCHER: OcoWatcher(hand_down.watcher_limits(settings).scaled(time_scale)),
        EXECUTION: OrderManager(
            hand_down.execution_limits(settings).scaled(time_scale), partial(plan_of, limits, session)
        ),
        RISK: RiskMachine(limits, session, hand_down.account_rule(settings)),
        MARKET_DATA: MarketData(settings.symbols, watch, hand_down.expiry_rules(settings)),
    }
    for symbol in settings.symbols:
        machines[f"strategy:{symbol}"] = make_strategy(settings, symbol, quotes_by)
    return machines


def make_strategy(
    settings: Settings, symbol: Symbol, quotes_by: Callable[[QuotesById], QuotesById] = _as_told
) -> SymbolStrategy:
    strategies = make_strategies(symbol, hand_down.strategy_parameters(settings))
    rules = RulesInForce(settings)

    def chooser(
        strategy: str,
        direction: Direction,
        contracts: Sequence[Contract],
        told: QuotesById,
        spot: float | None,
        at: datetime,
        changed: Limits,
        held: Collection[ConId],
    ) -> Chosen | Unfit:
        return choose(rules, strategy, direction, tuple(contracts), quotes_by(told), spot, at, changed, held)

    session = hand_down.session_rules(settings)
    timing = EntryTiming(lambda at: entry_time(at, session, symbol) is None, hand_down.entry_waits(settings))
    return SymbolStrategy(symbol, strategies, Mode(settings.mode), chooser, timing)
