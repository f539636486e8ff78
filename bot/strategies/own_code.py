"""Asking a strategy, whose code may be anybody's: what it does wrong is one line that names it, its bar and its own line.

Rule: no answer is traded on, compared or shown that is not a judgement as ``base`` describes it, by any runtime.
"""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

from bot.domain.errors import BotError, RestartTheLine
from bot.domain.market import Bar
from bot.domain.session import NEW_YORK
from bot.domain.text import made_safe
from bot.domain.types import Direction
from bot.strategies.base import Glancing, Judgement, Strategy

Glance: TypeAlias = Callable[[Bar, bool], tuple[bool, str]]
_FOLDER: Final = Path(__file__).parent
_OWN: Final = (Exception, SystemExit)
"""Whatever its code may do; one that exits must not end a backtest as if it were over."""
_MOST: Final = 200
"""So many characters of a wrong answer or of an error are shown."""


def judgement_of(strategy: Strategy, bar: Bar, *, may_fire: bool) -> Judgement:
    """What it makes of the bar. RestartTheLine where it fails, or answers what is no judgement."""
    try:
        answer = strategy.judge(bar, may_fire=may_fire)
    except _OWN as error:
        raise _failed(strategy.name, _shown(bar), error) from error
    if not _is_plainly_sound(answer, may_fire=may_fire) and (fault := _fault(answer, may_fire=may_fire)):
        raise RestartTheLine(f"strategy {strategy.name} answered wrongly when {_shown(bar)}: {fault}")
    return answer


def glance_of(strategy: Strategy) -> Glance:
    """The cheapest way to show a strategy its next bar and to know what became of it; errors as of ``judgement_of``."""
    if not (isinstance(strategy, Glancing) and _maker(strategy, "glance") is _maker(strategy, "judge")):
        return lambda bar, may_fire: _least(judgement_of(strategy, bar, may_fire=may_fire))
    glancing, name = strategy, strategy.name

    def glance(bar: Bar, may_fire: bool) -> tuple[bool, str]:
        try:
            return glancing.glance(bar, may_fire=may_fire)
        except _OWN as error:
            raise _failed(name, _shown(bar), error) from error

    return glance


def _least(judgement: Judgement) -> tuple[bool, str]:
    return judgement.fired, judgement.reason


@contextmanager
def own_code(name: str, when: str) -> Iterator[None]:
    """Around anything else of a strategy's. RestartTheLine where it fails; ``when``: as in ``it was made for SPY``."""
    try:
        yield
    except _OWN as error:
        raise _failed(name, when, error) from error


def _failed(name: str, when: str, error: BaseException) -> BotError:
    if isinstance(error, BotError):
        return error
    told = made_safe(error, _MOST)
    words = f"{type(error).__name__}: {told}" if told else type(error).__name__
    return RestartTheLine(f"strategy {name} failed when {when}: {_place(error)}: {words}")


def _shown(bar: Bar) -> str:
    end = bar.end.astimezone(NEW_YORK)
    return f"shown the bar of {bar.symbol} that ended on {end:%Y-%m-%d} at {end:%H:%M} New York"


def _place(error: BaseException) -> str:
    """The line of a strategy's file that it came through last, else where it was raised."""
    frames = [x for x in traceback.extract_tb(error.__traceback__) if x.filename != __file__]
    own = [x for x in frames if Path(x.filename).parent == _FOLDER] or frames
    return f"{Path(own[-1].filename).name}, line {own[-1].lineno}" if own else "without a line"


def _is_plainly_sound(answer: Any, *, may_fire: bool) -> bool:
    """What nearly every answer is, found in a fifth of the time that a look for its fault takes; False says nothing yet."""
    if type(answer) is not Judgement or type(answer.fired) is not bool or type(answer.numbers) is not dict:
        return False
    if answer.fired and (answer.direction is None or not may_fire):
        return False
    for name, x in answer.numbers.items():
        if type(name) is not str or (x is not None and not (type(x) is float and x - x == 0.0)):
            return False
    is_direction = answer.direction is None or type(answer.direction) is Direction
    is_told = isinstance(answer.reason, str) and answer.reason != ""
    return is_direction and is_told and type(answer.confidence) is float and 0.0 <= answer.confidence <= 1.0


def _fault(answer: object, *, may_fire: bool) -> str:
    """What is wrong with it and what is wanted; empty for a judgement."""
    if not isinstance(answer, Judgement):
        return f"{_told(answer)}; judge() must return a Judgement for every bar"
    for name, is_right, wanted in _WANTED:
        if not is_right(value := getattr(answer, name)):
            return f"{name} is {_told(value)}; {wanted} is wanted"
    if answer.fired and answer.direction is None:
        return "it fired without a direction"
    is_late = answer.fired and not may_fire
    return "it fired on a bar with may_fire=False, which is of the past" if is_late else ""


def _is_figure(x: object) -> bool:
    return isinstance(x, float | int) and not isinstance(x, bool) and math.isfinite(x)


def _are_figures(x: object) -> bool:
    return isinstance(x, Mapping) and all(
        isinstance(name, str) and (figure is None or _is_figure(figure)) for name, figure in x.items()
    )


_WANTED: Final[tuple[tuple[str, Callable[[Any], bool], str], ...]] = (
    ("fired", lambda x: isinstance(x, bool), "True or False"),
    ("direction", lambda x: isinstance(x, Direction | None), "Direction.BULLISH, Direction.BEARISH or None"),
    ("reason", lambda x: isinstance(x, str) and bool(x), "a word"),
    ("confidence", lambda x: _is_figure(x) and 0 <= x <= 1, "a number from 0 to 1"),
    ("numbers", _are_figures, "names with figures, None for one that is unknown,"),
)


def _told(x: object) -> str:
    try:
        words = repr(x)
    except Exception:  # noqa: BLE001  its own code again
        words = ""
    return made_safe(words or type(x).__name__, _MOST)


def _maker(strategy: Strategy, name: str) -> type | None:
    """The class that defines it: one that only judges otherwise than its parent must not glance as that does."""
    return next((kind for kind in type(strategy).__mro__ if name in kind.__dict__), None)
