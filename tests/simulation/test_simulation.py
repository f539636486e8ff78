"""The simulation itself: nothing escapes, the same seed is the same bytes, and what is broken on purpose is found."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.journal.store import JOURNAL_FILE, Journal
from tests.simulation.disk import Disk, PowerLost, Row
from tests.simulation.escapes import no_escape
from tests.simulation.loop import Escaped, SimulatedLoop, run
from tests.simulation.network import Network, NetworkSettings
from tests.simulation.shrink import shrunk
from tests.simulation.streams import Streams
from tests.simulation.swarm import Fault, draw
from tests.simulation.universe import simulate

QUIET = replace(draw(5), faults=(), until_s=1500.0, signals={"10:05": "bullish"}, start="10:00")


@pytest.mark.parametrize(
    "leave",
    [
        lambda: time.sleep(0),
        lambda: socket.socket(),
        lambda: threading.Thread(target=print).start(),
        lambda: asyncio.get_running_loop().run_in_executor(None, print),
        lambda: asyncio.get_running_loop().getaddrinfo("localhost", 1),
    ],
)
def test_whoever_reaches_for_the_real_world_is_caught(leave: Callable[[], object]) -> None:
    async def main(_: SimulatedLoop) -> None:
        with no_escape(lambda: 0.0, lambda: 0.0, 1):
            leave()

    with pytest.raises(Escaped):
        run(main, SimulatedLoop())


def test_a_night_passes_in_no_time_and_a_loop_without_a_plan_is_told() -> None:
    async def sleep(_: SimulatedLoop) -> None:
        await asyncio.sleep(8 * 3600)

    async def hang(_: SimulatedLoop) -> None:
        await asyncio.Event().wait()

    loop = SimulatedLoop()
    run(sleep, loop)
    assert loop.time() == 8 * 3600
    with pytest.raises(Escaped, match="hangs"):
        run(hang, SimulatedLoop())


def test_timers_of_one_instant_come_in_the_order_of_their_planning_whatever_is_cancelled() -> None:
    async def main(loop: SimulatedLoop) -> None:
        done: list[int] = []
        for number in range(200):
            loop.call_at(1.0, done.append, number)
            for _ in range(number % 3):
                loop.call_at(0.5, print).cancel()
        await asyncio.sleep(2)
        assert done == list(range(200))

    run(main, SimulatedLoop())


class _Ear(asyncio.Protocol):
    def __init__(self) -> None:
        self.heard = b""

    def data_received(self, data: bytes) -> None:
        self.heard += data


@given(
    st.integers(0, 10**6),
    st.lists(st.binary(min_size=1, max_size=40), max_size=20),
    st.floats(0, 0.5),
    st.floats(0, 1),
)
def test_a_stream_keeps_every_byte_and_their_order(
    seed: int, words: list[bytes], loss: float, split: float
) -> None:
    async def main(loop: SimulatedLoop) -> None:
        settings = NetworkSettings(jitter_s=0.5, loss=loss, split=split)
        network = loop.network = Network(loop, Random(seed), settings, lambda *_: None)  # noqa: S311  no secret
        ear = _Ear()
        network.listen(1, lambda: ear)
        transport, _ = await network.connect(asyncio.Protocol, "gateway", 1)
        for word in words:
            transport.write(word)
        network.part(60.0)
        await asyncio.sleep(1000)
        assert ear.heard == b"".join(words)

    run(main, SimulatedLoop())


def test_another_consumer_moves_nobodys_numbers() -> None:
    alone, beside = Streams(7), Streams(7)
    beside.of("a newcomer").random()
    assert [alone.of("network").random() for _ in range(3)] == [
        beside.of("network").random() for _ in range(3)
    ]


class _Nobody:
    def synced(self, rows: list[Row]) -> None:
        """Not interested."""


@pytest.mark.parametrize("seed", range(8))
def test_a_commit_that_the_power_cuts_is_whole_or_absent_and_those_before_it_stay(
    tmp_path: Path, seed: int
) -> None:
    from datetime import UTC, datetime

    from bot.domain.messages import Halted
    from bot.journal.recover import open_journal

    now = datetime(2026, 1, 5, 15, tzinfo=UTC)
    disk = Disk(tmp_path / "state", Random(seed), _Nobody(), lambda _: None)  # noqa: S311  no secret
    journal = Journal(disk.directory / JOURNAL_FILE, lambda: now)
    disk.wrap(journal)
    journal.commit(Halted(now, "first", "", ""))
    disk.cut_in = 1
    with pytest.raises(PowerLost):
        journal.commit(Halted(now, "second", "x" * 9000, ""))
    files = disk.survivors(power=True)
    journal._db.close()
    disk.put_back(files)
    again, repair = open_journal(disk.directory / JOURNAL_FILE, lambda: now)
    causes = [row.message.cause for row in again.rows([Halted])]  # type: ignore[attr-defined]
    again.close()
    assert repair is None
    assert causes in (["first"], ["first", "second"])


@pytest.mark.slow
def test_a_trade_is_made_and_the_oracle_compares_it() -> None:
    done = simulate(QUIET)
    assert done.failures == []
    assert done.verdict.compared["an intent on disk before the order"] >= 3
    assert done.verdict.compared["protected"] > 0


@pytest.mark.slow
def test_the_same_seed_is_the_same_bytes_in_another_process() -> None:
    words = [sys.executable, "-m", "tests.simulation", "--same", "1", "--first", "5", "--processes", "1"]
    asked = subprocess.run(words, capture_output=True, text=True, check=False)
    assert "same bytes of journal and wire: 1 of 1, 1 distinct" in asked.stdout, asked.stdout + asked.stderr


@pytest.mark.slow
def test_an_order_without_an_intent_is_found_and_shrunk_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Journal, "commit", lambda self, message: self.record(message))
    faults = (Fault(200.0, "drop_socket"), Fault(700.0, "kill_feeds"))
    plan, tries = shrunk(replace(QUIET, faults=faults, until_s=2400.0))
    assert plan.faults == ()
    assert tries <= 4
    assert any("an intent on disk" in failure for failure in simulate(plan).failures)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["managedAccounts", "nextValidId"])
def test_a_gateway_that_names_open_orders_before_the_session_is_made_ends_no_line(kind: str) -> None:
    """Seed 33100022: three such beginnings in a row, and the bot had ended."""
    late = Fault(390.0, "message", {"kind": kind, "effect": "drop", "count": 1}, 120.0)
    done = simulate(replace(QUIET, faults=(late, Fault(400.0, "reset"))))
    assert done.trades or done.orders
    assert done.failures == []
    assert done.lives == 1


@pytest.mark.slow
@pytest.mark.parametrize("code", [1100, 2110])
def test_the_whole_bot_trades_again_after_a_loss_that_is_never_ended(code: int) -> None:
    """It stayed REDUCING with a warning for good."""
    lost = Fault(200.0, "say", {"code": code, "text": "Connectivity has been lost."}, 60.0)
    done = simulate(replace(QUIET, faults=(lost,), signals={"10:10": "bullish"}))
    assert done.failures == []
    assert any("entry" in body for _, kind, body in done.rows if kind == "SendOrders")
    assert any("IB's data come" in body for _, kind, body in done.rows if kind == "BrokerDisconnected")
