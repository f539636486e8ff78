"""What time it is for a bot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import time

from bot.cli.days import bot_clock
from bot.domain.clock import ScaledTime, SteppedTime

START = datetime(2024, 3, 12, 13, 25, tzinfo=UTC)


def test_a_simulated_bot_has_its_gateways_time_whether_it_flows_or_goes_in_steps() -> None:
    flowing = bot_clock(f"{ScaledTime(START, time(), 60.0)}")()

    assert START <= flowing < START + timedelta(days=1)
    assert bot_clock(f"{SteppedTime(START)}")() == START
    assert bot_clock(None)().tzinfo is UTC
