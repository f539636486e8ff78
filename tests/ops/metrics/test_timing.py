"""The stopwatches change nothing of what they measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hypothesis import given
from hypothesis import strategies as st

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.ops.metrics.timing import OPEN_AT_MOST, CallTimes, TimedMachine, TimedPort
from bot.ops.status.histogram import Histogram
from tests.journal.makers import BAR_END, IDEA, SENT


class Parrot:
    """Says everything twice, and remembers."""

    def __init__(self) -> None:
        self.remembered: list[object] = []

    def handle(self, message: object) -> Iterator[object]:
        yield message
        yield message

    def remember(self, message: object) -> None:
        self.remembered.append(message)


class QuietPort:
    def __init__(self) -> None:
        self.sent: list[object] = []
        self.tell: Callable[[object], None] = lambda _: None

    def start(self, tell: Callable[[object], None]) -> None:
        self.tell = tell

    def send(self, command: object) -> None:
        self.sent.append(command)

    def stop(self, timeout_s: float) -> None:
        """Nothing was open."""


def test_a_timed_machine_says_what_it_would_say_untimed() -> None:
    machine = Parrot()
    timed = TimedMachine(machine)
    assert list(timed.handle("polly")) == ["polly", "polly"]
    timed.remember("polly")
    assert (timed.busy[0], machine.remembered) == (1, ["polly"])


def test_each_question_and_each_order_is_measured_once() -> None:
    port, times, told = QuietPort(), CallTimes(), list[object]()
    timed = TimedPort(port, times)
    timed.start(told.append)
    refused = b.OrderRefused(f"{IDEA}/entry", 201, "no", BAR_END)
    question = b.QuoteMargin(IDEA, SENT.orders[0])
    answer = b.MarginQuoted(IDEA, BAR_END, None, None, None)
    for command in (SENT, question):
        timed.send(command)
    for fact in (refused, refused, answer, answer, m.TimePassed(BAR_END)):
        port.tell(fact)

    assert port.sent == [SENT, question]
    assert told == [refused, refused, answer, answer, m.TimePassed(BAR_END)]
    assert (times.acks.count, times.calls["margin"].count, times.calls["bars"].count) == (1, 1, 0)


def test_questions_that_are_never_answered_are_forgotten() -> None:
    port, times = QuietPort(), CallTimes()
    timed = TimedPort(port, times)
    timed.start(lambda _: None)
    for n in range(OPEN_AT_MOST + 1):
        timed.send(b.QuoteMargin(f"idea-{n}", SENT.orders[0]))
    for n in (0, OPEN_AT_MOST):
        port.tell(b.MarginQuoted(f"idea-{n}", BAR_END, None, None, None))
    assert times.calls["margin"].count == 1


@given(st.lists(st.floats(-50, 50), max_size=50))
def test_a_tally_holds_every_observation_once(values: list[float]) -> None:
    tally = Histogram((-1.0, 0.0, 2.5))
    for value in values:
        tally = tally.add(value)
    rows = dict(tally.cumulative())
    assert rows == {
        **{repr(edge): sum(value <= edge for value in values) for edge in tally.edges},
        "+Inf": len(values),
    }
