"""A limit that nobody can set is either a slip or a reasoned constant: the reason stands beside its name."""

from __future__ import annotations

from dataclasses import fields

import pytest
from pydantic import BaseModel

from bot.config import Settings, hand_down
from bot.execution.limits import ExecutionLimits, WatcherLimits
from bot.market_data.machine import MarketDataLimits
from bot.risk.limits import RiskLimits, SessionRules
from bot.selection.liquidity import LiquidityLimits

SECTIONS: dict[type, str] = {
    RiskLimits: "risk",
    SessionRules: "session",
    ExecutionLimits: "execution",
    WatcherLimits: "execution",
    MarketDataLimits: "market_data",
    LiquidityLimits: "options",
    **dict.fromkeys(
        set(hand_down.DERIVED) - {RiskLimits, SessionRules, ExecutionLimits, WatcherLimits}, "risk"
    ),
}


@pytest.mark.parametrize("limits", sorted(SECTIONS, key=str), ids=lambda kind: kind.__name__)
def test_every_limit_has_a_setting_or_is_named_as_derived(limits: type) -> None:
    section = Settings.model_fields[SECTIONS[limits]].annotation
    assert isinstance(section, type)
    assert issubclass(section, BaseModel)
    own = {field.name for field in fields(limits)} - set(section.model_fields)

    assert own == set(hand_down.DERIVED.get(limits, {}))
