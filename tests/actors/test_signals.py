"""Signals at any moment: kept until there is somebody to tell, told once there is."""

from __future__ import annotations

import os
import signal

import pytest

from bot.actors.signals import StopSignals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_the_first_line_stops_that_line(number: signal.Signals) -> None:
    told: list[str] = []
    with StopSignals() as signals:
        os.kill(os.getpid(), number)
        assert signals.wanted == number.name
        signals.subscribe(told.append)
    assert told == [number.name]


def test_a_second_signal_while_stopping_changes_nothing() -> None:
    told: list[str] = []
    with StopSignals() as signals:
        signals.subscribe(told.append)
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
    assert set(told) == {"SIGTERM"}


def test_a_terminal_that_is_closed_stops_nothing_and_the_handlers_come_back() -> None:
    before = [signal.getsignal(x) for x in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with StopSignals() as signals:
        os.kill(os.getpid(), signal.SIGHUP)
        assert not signals.wanted
    assert [signal.getsignal(x) for x in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before
