"""Whole lives of one bracket as scripts, ended at any step and begun again by the start path."""

from __future__ import annotations

from collections.abc import Callable

from bot.domain import messages as m
from tests.execution.fake_orders import ExchangeSettings
from tests.execution.line import Killed, Line, bracket

IDEA = "SPY-20261123T1500-scalp"
Act = Callable[[Line], None]


def begin(line: Line) -> None:
    """The signal, once: a restart does not repeat it."""
    if not line.broker.received and not any(isinstance(x, m.PlaceBracket) for x in line.journal):
        line.tell(bracket(IDEA, at=line.now))


def _price(bid: str, ask: str) -> Act:
    return lambda line: line.price(bid, ask)


def _wait(seconds: float) -> Act:
    return lambda line: line.wait(seconds)


def _end(line: Line) -> None:
    """Nothing more is to come: the clock may go in wide steps."""
    line.wait(60, step=2)


_GOOD, _TARGET, _STOP = _price("1.90", "1.95"), _price("2.60", "2.65"), _price("1.50", "1.55")
_BY_TARGET = [_GOOD, begin, _wait(2), _TARGET, _wait(2)]
LIVES: dict[str, tuple[list[Act], ExchangeSettings]] = {
    "target": (_BY_TARGET, ExchangeSettings()),
    "stop": ([_GOOD, begin, _wait(2), _STOP, _wait(2)], ExchangeSettings()),
    "in parts": ([_GOOD, begin, _wait(1), _TARGET, _wait(3)], ExchangeSettings(fill_step=1)),
    "timed out": ([_price("2.10", "2.15"), begin, _wait(33)], ExchangeSettings()),
    "repaired": (
        [
            _GOOD,
            begin,
            _wait(1),
            lambda line: line.broker.end(f"{IDEA}/stop"),
            _wait(4),
            _STOP,
            _wait(2),
        ],
        ExchangeSettings(),
    ),
    "flattened": (
        [
            _GOOD,
            begin,
            _wait(1),
            lambda line: line.tell(m.FlattenAll(line.now, "operator", "me")),
            _wait(12),
        ],
        ExchangeSettings(),
    ),
    "late charges": (_BY_TARGET, ExchangeSettings(commission="never")),
}


def live(name: str, kill_after: int | None, *, lose: Callable[[Line], None] = lambda _: None) -> Line:
    """Play a life, killed after so many steps (None: never); ``lose`` is what else happens then."""
    acts, exchange_settings = LIVES[name]
    line = Line()
    line.broker.exchange_settings = ExchangeSettings(**vars(exchange_settings))
    line.kill_after = kill_after
    for act in (Line.connect, *acts, _end):
        try:
            act(line)
        except Killed:
            lose(line)
            line.kill_and_restart()
            if act is begin:
                begin(line)
        line.assert_safe()
    line.kill_after = None
    _end(line)
    return line
