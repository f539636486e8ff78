"""What the settings say of strategies, their risk and options, in the terms of those: little enough for a check to load."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from bot.domain.terms import StrategyTerms
from bot.risk.limits import DayTradeRule, RiskLimits
from bot.selection.choose import SelectionRules
from bot.selection.expiry import ExpiryRule, parse_expiry
from bot.selection.liquidity import LiquidityLimits
from bot.selection.strike import parse_strike
from bot.strategies.registry import NAMES, STRATEGIES

if TYPE_CHECKING:
    from bot.config.settings import Settings
    from bot.config.strategy_sections import StrategySection


def shared(section: object, target: type, but: tuple[str, ...] = ()) -> dict[str, Any]:
    """The values of the keys that the section and the dataclass both have, by name."""
    known = vars(section)
    return {x.name: known[x.name] for x in fields(target) if x.name in known and x.name not in but}


def section_of(strategies: object, name: str) -> StrategySection:
    """The section of the named strategy; AttributeError for a strategy that is not registered."""
    found: StrategySection = getattr(strategies, name)
    return found


def risk_limits(settings: Settings) -> RiskLimits:
    risk, execution = settings.risk, settings.execution
    return RiskLimits(
        **shared(risk, RiskLimits, but=("day_trade_rule",)),
        strategies={name: _terms(settings, name) for name in NAMES},
        day_trade_rule=_day_trade_rule(settings),
        is_cash_account=risk.account_type == "cash",
        max_spread_pct=settings.options.max_spread_pct,
        is_live=settings.broker.trading == "live",
        what_if=risk.what_if_margin and not settings.dry_run,
        entry_timeout_s=execution.entry_timeout_s,
        entry_offset_ticks=execution.entry_offset_ticks,
    )


def _day_trade_rule(settings: Settings) -> DayTradeRule:
    old = settings.risk.pdt_guard
    if old is None:
        return DayTradeRule(settings.risk.day_trade_rule)
    return DayTradeRule.PATTERN_DAY_TRADER if old else DayTradeRule.NONE


def _terms(settings: Settings, name: str) -> StrategyTerms:
    section, risk = section_of(settings.strategies, name), settings.risk
    return StrategyTerms(
        take_profit_pct=section.take_profit_pct or risk.take_profit_pct,
        stop_loss_pct=section.stop_loss_pct or risk.stop_loss_pct,
        alloc_pct=section.alloc_pct or (risk.whale_alloc_pct if name == "whale" else None),
        time_stop_minutes=section.time_stop_minutes,
        flat_by_session_end=section.flat_by_session_end,
        max_spread_pct=section.options.max_spread_pct,
    )


def strategy_parameters(settings: Settings) -> dict[str, Any]:
    """By name, each of the type that its SPEC says."""
    return {
        spec.name: spec.parameters(**shared(section_of(settings.strategies, spec.name), spec.parameters))
        for spec in STRATEGIES
    }


def selection_rules(settings: Settings) -> SelectionRules:
    """The general ones. Raises ValueError where expiry or moneyness cannot be read."""
    options = settings.options
    return SelectionRules(
        expiry=parse_expiry(options.expiry),
        strike=parse_strike(options.moneyness),
        liquidity=LiquidityLimits(**shared(options, LiquidityLimits)),
        alternatives=options.alternatives,
    )


def option_rules(settings: Settings) -> dict[str, SelectionRules]:
    """Each strategy's own, by its name."""
    return {name: _option_rules(settings, name) for name in NAMES}


def _option_rules(settings: Settings, name: str) -> SelectionRules:
    general, own = selection_rules(settings), section_of(settings.strategies, name).options
    most = risk_limits(settings).spread_cap(name)
    return SelectionRules(
        expiry=general.expiry if own.expiry is None else parse_expiry(own.expiry),
        strike=general.strike if own.moneyness is None else parse_strike(own.moneyness),
        liquidity=replace(general.liquidity, max_spread_pct=most),
        alternatives=general.alternatives,
    )


def expiry_rules(settings: Settings) -> tuple[ExpiryRule, ...]:
    """What the strategies want watched, each once, in the order of the strategies."""
    return tuple(dict.fromkeys(rules.expiry for rules in option_rules(settings).values()))


def most_strikes_each_side(settings: Settings) -> int:
    """How many strikes on each side of the money the line budget pays for: calls and puts of every expiry watched.

    Each symbol's own line comes first, and one for every position that may be open far from the money.
    """
    symbols, expiries = len(settings.symbols), len(expiry_rules(settings))
    left = settings.broker.line_budget - symbols - settings.risk.max_open_positions
    return left // (4 * symbols * expiries)
