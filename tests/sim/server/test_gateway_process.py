"""The gateway as a process and the worlds it makes from its options."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli.sim import sim
from bot.domain.clock import ScaledTime
from bot.domain.errors import BotError, FixTheCommand
from bot.domain.market import Bar
from bot.domain.session import NEW_YORK, Session
from bot.sim.market.events import Traded
from bot.sim.market.synthetic import SyntheticTape
from bot.sim.server import main as server_main
from bot.sim.server.main import SimOptions, make_world
from bot.sim.world.build import recorded_world

NOW = datetime(2026, 1, 3, 12, 0, tzinfo=UTC)
RUN = "import sys; from bot.cli.sim import sim; import typer; typer.run(sim)"


def command(**options: Any) -> None:
    sim(**options)


def test_without_a_session_the_first_recorded_day_begins_before_its_open() -> None:
    world = make_world(SimOptions(), NOW)
    assert world.now == datetime(2011, 1, 3, 14, 25, tzinfo=UTC)


def test_a_synthetic_market_without_a_session_begins_now() -> None:
    world = make_world(SimOptions(is_synthetic=True), NOW)
    assert world.now == NOW


def test_account_equity_and_symbols_are_taken_over() -> None:
    options = SimOptions(
        session=date(2026, 1, 5),
        is_synthetic=True,
        symbols=("SPY", "XYZ"),
        account="DU7",
        equity=Decimal(9000),
    )
    world = make_world(options, NOW)
    assert world.account_figures().net_liquidation == 9000
    assert world.account_id == "DU7"
    assert world.matching_symbols("XYZ")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (SimOptions(session=date(2011, 1, 1)), "closed on 2011-01-01"),
        (SimOptions(session=date(2015, 6, 1)), "2015-06-01"),
        (SimOptions(symbols=("TSLA",)), "no recorded session of TSLA; add --synthetic"),
        (SimOptions(symbols=("sp y",)), "'sp y' is no ticker"),
        (SimOptions(symbols=()), "none given"),
        (SimOptions(account=""), "'' is no account id"),
    ],
)
def test_what_cannot_be_simulated_is_one_line(options: SimOptions, said: str) -> None:
    with pytest.raises(BotError, match=said):
        make_world(options, NOW)


@pytest.mark.parametrize(
    "options",
    [
        {"session": "tomorrow"},
        {"equity": "much"},
        {"equity": "-5"},
        {"equity": "NaN"},
        {"record": "nowhere"},
        {"at": "noon"},
    ],
)
def test_a_mistyped_option_names_itself(options: dict[str, str]) -> None:
    name = next(iter(options))
    with pytest.raises(FixTheCommand, match=f"--{name}"):
        command(**options)


def test_the_help_shows_an_example() -> None:
    import typer

    app = typer.Typer()
    app.command()(sim)
    shown = CliRunner().invoke(app, ["--help"])
    assert shown.exit_code == 0
    assert "ibkr-bot sim --session 2011-01-18" in " ".join(shown.output.split())


@pytest.mark.line
def test_the_process_says_where_it_is_and_ends_on_a_signal() -> None:
    arguments = ["--port", "0", "--session", "2011-01-04", "--speed", "60", "--admin-port", "0"]
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first, f"it ended: {process.communicate()[1]}"
        said = json.loads(first)
        assert said["port"] > 0
        assert said["authentication"] == "none"
        assert ScaledTime.parse(said["clock"]).speed == 60
        assert len(said["admin_token"]) > 16
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(("hour", "close_day"), [(12, 4), (21, 5)])
def test_until_close_means_a_quarter_of_an_hour_behind_the_next_one(hour: int, close_day: int) -> None:
    day = date(2011, 1, 4)
    world = recorded_world(["SPY"], day, start=datetime(2011, 1, 4, hour, tzinfo=UTC))
    end = server_main._end_of(world, SimOptions(until_close=True))
    assert end == datetime(2011, 1, close_day, 21, 15, tzinfo=UTC)
    assert server_main._end_of(world, SimOptions()) is None


@pytest.mark.slow
@pytest.mark.line
def test_the_process_ends_by_itself_after_the_close() -> None:
    arguments = ["--port", "0", "--session", "2011-01-04", "--speed", "5000", "--until-close"]
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize("is_synthetic", [True, False])
@pytest.mark.parametrize("begin_at", [time(0), time(10, 15), time(15, 59), time(23, 59)])
def test_a_day_begins_at_any_minute_of_new_yorks_clock(begin_at: time, is_synthetic: bool) -> None:
    day = date(2011, 1, 4)
    world = make_world(SimOptions(session=day, is_synthetic=is_synthetic, begin_at=begin_at), NOW)
    assert world.now.astimezone(NEW_YORK) == datetime.combine(day, begin_at, NEW_YORK)


def test_quotes_move_as_often_as_asked() -> None:
    begin_at = time(10, 15)
    options = SimOptions(is_synthetic=True, session=date(2026, 1, 5), begin_at=begin_at, quotes_per_second=4)
    world = make_world(options, NOW)
    moved = [e for e in world.advance_to(world.now + timedelta(seconds=30)) if isinstance(e, Traded)]
    assert len(moved) in (120, 121)


def test_an_answer_delay_is_of_the_clients_clock_and_none_where_time_waits() -> None:
    fast = SimOptions(answer_delay_s=0.02, speed=60)
    assert server_main._gateway_settings(fast).answer_delay == timedelta(seconds=1.2)
    waiting = SimOptions(answer_delay_s=0.02, is_paced=True)
    assert server_main._gateway_settings(waiting).answer_delay == timedelta(0)
    with pytest.raises(FixTheCommand, match="--answer-delay"):
        command(paced=True, answer_delay=20.0)


def test_the_announcement_says_what_is_offered() -> None:
    assert server_main._versions() == "142-225"


def test_a_start_loads_no_library_that_only_options_need() -> None:
    program = (
        "import sys; from datetime import datetime, UTC\n"
        "from bot.sim.server.main import SimOptions, make_world\n"
        "make_world(SimOptions(is_synthetic=True, symbols=('SPY', 'AAPL')), datetime(2026, 1, 5, 16, tzinfo=UTC))\n"
        "print('QuantLib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_a_start_within_a_session_makes_no_history_that_nobody_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[date] = []
    bars = SyntheticTape._bars

    def noted(tape: SyntheticTape, session: Session) -> tuple[Bar, ...]:
        made.append(session.day)
        return bars(tape, session)

    monkeypatch.setattr(SyntheticTape, "_bars", noted)
    make_world(SimOptions(is_synthetic=True, symbols=("SPY",)), datetime(2026, 1, 5, 16, tzinfo=UTC))
    assert sorted(set(made)) == [date(2026, 1, 2), date(2026, 1, 5)]
