"""Whatever a strategy's own code does wrong ends in one line that names it and its bar; nothing wrong is traded on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from bot.domain.errors import RestartTheLine
from bot.domain.market import Bar, BarSize
from bot.domain.types import Direction
from bot.strategies.base import BarOrder, Judgement
from bot.strategies.own_code import glance_of, judgement_of, own_code
from tests.strategies.example_strategy import Metronome

BAR = Bar("SPY", BarSize.M1, datetime(2024, 11, 1, 13, 59, tzinfo=UTC), 38.0, 38.2, 37.9, 38.1, 500.0)
SOUND = Judgement(Direction.BULLISH, 1.0, fired=True, reason="stroke", numbers={"close": 38.1, "mean": None})


class Answering(Metronome):
    """Answers with what it was given, or does what it was told to do."""

    def __init__(self, answer: Any) -> None:
        super().__init__("SPY")
        self._answer = answer

    def judge(self, bar: Bar, *, may_fire: bool = True) -> Judgement:
        answer: Judgement = self._answer() if isinstance(self._answer, Callable) else self._answer  # type: ignore[arg-type]
        return answer


def broken() -> None:
    raise ValueError("two\nlines")


WRONG = [
    (None, "None; judge() must return a Judgement"),
    ("buy", "'buy'; judge() must"),
    (math.nan, "nan; judge() must"),
    (replace(SOUND, fired=np.bool_(True)), "fired is"),  # type: ignore[arg-type]  # a journal could not keep it
    (replace(SOUND, direction="up"), "direction is 'up'"),  # type: ignore[arg-type]
    (replace(SOUND, direction=None), "fired without a direction"),
    (replace(SOUND, confidence=math.nan), "confidence is nan"),
    (replace(SOUND, confidence=1.5), "confidence is 1.5"),
    (replace(SOUND, confidence="high"), "confidence is 'high'"),  # type: ignore[arg-type]
    (replace(SOUND, reason=None), "reason is None"),  # type: ignore[arg-type]
    (replace(SOUND, numbers={"close": "38"}), "numbers is {'close': '38'}"),  # type: ignore[dict-item]
    (replace(SOUND, numbers={"mean": math.nan}), "None for one that is unknown"),
    (replace(SOUND, numbers=[1.0]), "numbers is [1.0]"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("answer", "words"), WRONG, ids=[words for _, words in WRONG])
@pytest.mark.parametrize(
    "shown", [lambda x: judgement_of(x, BAR, may_fire=True), lambda x: glance_of(x)(BAR, True)]
)
def test_an_answer_that_is_no_judgement_is_named_with_its_bar(
    answer: Any, words: str, shown: Callable[[Any], object]
) -> None:
    with pytest.raises(RestartTheLine) as told:
        shown(Answering(answer))

    assert (
        "metronome answered wrongly when shown the bar of SPY that ended on 2024-11-01 at 10:00 New York"
        in str(told.value)
    )
    assert words in str(told.value)
    assert "\n" not in str(told.value)


def test_a_strategy_that_fires_on_what_is_past_is_not_traded_on() -> None:
    with pytest.raises(RestartTheLine, match="may_fire=False"):
        judgement_of(Answering(SOUND), BAR, may_fire=False)


def test_what_fails_in_a_strategy_is_named_with_the_line_it_failed_in() -> None:
    with pytest.raises(RestartTheLine) as told:
        judgement_of(Answering(broken), BAR, may_fire=True)

    assert f"{told.value}".endswith(
        f"test_own_code.py, line {broken.__code__.co_firstlineno + 1}: ValueError: two lines"
    )
    assert isinstance(told.value.__cause__, ValueError)


def test_a_glance_that_fails_is_told_like_a_judgement() -> None:
    class Glancing(Metronome):
        def judge(self, bar: Bar, *, may_fire: bool = True) -> Judgement:
            return SOUND

        def glance(self, bar: Bar, *, may_fire: bool = True) -> tuple[bool, str]:
            return bool(1 / 0), "never"

    with pytest.raises(
        RestartTheLine, match=r"strategy metronome failed when shown the bar .* ZeroDivisionError"
    ):
        glance_of(Glancing("SPY"))(BAR, True)


def test_what_the_house_itself_says_stays_as_it_is() -> None:
    order = BarOrder("SPY", BarSize.M1)
    order.check(BAR)

    with pytest.raises(RestartTheLine, match=r"^SPY .*came after"):
        judgement_of(
            Answering(lambda: order.check(replace(BAR, start=BAR.start - timedelta(minutes=1)))),
            BAR,
            may_fire=True,
        )


def test_a_sound_answer_is_handed_on_as_it_is() -> None:
    assert judgement_of(Answering(SOUND), BAR, may_fire=True) is SOUND
    assert glance_of(Answering(SOUND))(BAR, True) == (True, "stroke")


def test_any_other_method_that_fails_is_told_in_a_line_too() -> None:
    with (
        pytest.raises(
            RestartTheLine, match=r"^strategy mine failed when made for SPY: .*ValueError: two lines$"
        ),
        own_code("mine", "made for SPY"),
    ):
        broken()
