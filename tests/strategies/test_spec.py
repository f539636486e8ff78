"""What a SPEC lacks or gets wrong is one line at the start, never a KeyError at the first idea."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from bot.config import load_settings
from bot.domain.errors import FixTheConfiguration
from bot.domain.market import BarSize
from bot.strategies import registry, scalp, whale
from bot.strategies.registry import STRATEGIES, faults
from bot.strategies.spec import StrategySpec


def test_the_strategies_that_are_shipped_lack_nothing() -> None:
    assert list(faults()) == []


@pytest.mark.parametrize("lacking", ["summary", "make", "parameters", "bar_size", "terms", "options", "rank"])
def test_a_spec_without_a_member_says_which(lacking: str) -> None:
    given = {name: getattr(scalp.SPEC, name) for name in StrategySpec.__slots__ if name != lacking}

    with pytest.raises(FixTheConfiguration, match=f"strategy scalp: its SPEC lacks {lacking}") as caught:
        StrategySpec(**given)
    assert caught.value.exit_code == 78


@dataclass(frozen=True)
class Unexplained:
    length: int = 3


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"name": "Scalp 2"}, "its name must be small letters"),
        ({"rank": whale.SPEC.rank}, "whale has rank 0, too"),
        ({"summary": ""}, "its summary is empty"),
        ({"confirms": ("straddle",)}, "it confirms straddle, which does not exist"),
        ({"confirms": ("whale",)}, "it confirms others and has no method `standing`"),
        ({"bar_size": BarSize.M60}, "its SPEC says otherwise"),
        ({"make": lambda symbol, _: scalp.Scalp(symbol), "parameters": Unexplained}, "length has no meaning"),
    ],
)
def test_a_spec_that_would_not_work_is_named(changes: dict[str, Any], fault: str) -> None:
    wrong = replace(scalp.SPEC, **changes)

    assert any(fault in line for line in faults((wrong, whale.SPEC))), list(faults((wrong, whale.SPEC)))


def test_two_strategies_of_one_name_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = (*STRATEGIES, replace(scalp.SPEC, rank=9))
    monkeypatch.setattr("bot.config.load.faults", lambda: registry.faults(twice))

    with pytest.raises(FixTheConfiguration) as caught:
        load_settings(variables={})
    assert str(caught.value).splitlines() == ["strategy scalp: there are two of this name"] * 2
