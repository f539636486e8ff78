"""The five places as a person reads them, at any moment of a recorded day: the text of the panel, of `status`, of the page's
document, of a scrape and of `report` comes to the same figures. `test_five_places` draws days that no market had.
"""

from __future__ import annotations

import io
import re
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from bot.assembly.machines import make_machines
from bot.assembly.timing import day_is_over
from bot.backtest.day import replay_day
from bot.cli.main import app
from bot.config import load_settings
from bot.domain import messages as m
from bot.domain.session import session_on
from bot.journal.codec import JOURNAL_KINDS
from bot.journal.store import JOURNAL_FILE, Journal
from bot.ops.metrics.endpoint import Metrics
from bot.ops.page.document import Document
from bot.ops.page.feed import LiveFeed
from bot.ops.page.server import Site, serve_page
from bot.ops.status.display import panel
from bot.ops.status.status_builder import StatusBuilder
from bot.sim.world.build import recorded_world
from bot.wiring import BOARD, JOURNAL, Machine
from tests.cli.houses import running_bot
from tests.ops.page.moments import Moment

pytestmark = pytest.mark.slow

DAY = date(2011, 1, 26)
MONEY = r"([+−-][\d,]+\.\d\d|unknown)"
DAY_RESULT = re.compile(rf"day +{MONEY}\s+= realised {MONEY} \+ open {MONEY} − fees (\d+\.\d\d)")
PANEL_RESULT = re.compile(rf"realised {MONEY} \+ open {MONEY} − fees (\d+\.\d\d) = day {MONEY}")
Figures = tuple[Decimal | None, ...]
"""(realised, open, fees, day); None where it is said to be unknown."""


class _Nobody:
    def handle(self, message: m.Message) -> Iterator[m.Message]:
        return iter(())

    def remember(self, message: m.Message) -> None:
        """Nothing."""


class Recorded:
    """A day's messages, told apart from their million characters when a test fails."""

    def __init__(self, messages: list[m.Message]) -> None:
        self.messages = messages

    def __repr__(self) -> str:
        return f"{len(self.messages)} messages"


@pytest.fixture(scope="module")
def day() -> Recorded:
    """Every message of the day that README shows."""
    wanted, session = load_settings(None, {}), session_on(DAY)
    assert session is not None
    world = recorded_world(wanted.symbols, DAY, equity=Decimal(50_000))
    board, heard = StatusBuilder(wanted.symbols), list[m.Message]()
    machines: dict[str, Machine] = {**make_machines(wanted, 1.0), BOARD: board, JOURNAL: _Nobody()}
    started = m.LineStarted(world.now, "abc1234", wanted.mode, dry_run=False, symbols=wanted.symbols)
    replay_day(
        world, machines, lambda now: day_is_over(session, now, board.status), first_message=started, observe=heard.append
    )  # fmt: skip
    return Recorded(heard)


class Room:
    """A bot that has come to one moment of the day, with its journal, its control socket and its page."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.moment = directory, Moment([])
        self._now: list[datetime] = []
        self._journal = Journal(directory / JOURNAL_FILE, lambda: self._now[-1])
        self._feed, self._metrics = LiveFeed(), Metrics()
        self._feed.watch(lambda: self.moment.builder.status, lambda: self.moment.recorder.picture())
        self._metrics.watch(lambda: self.moment.builder.status)
        site = Site(self._feed.document, self._metrics.app(), "127.0.0.1")
        self._port, self._close = serve_page(site, "127.0.0.1", 0)

    def hear(self, message: m.Message) -> None:
        for one in (message, *self.moment.answers(message)):
            if isinstance(one, m.TimePassed):
                self._now.append(one.at)
            if type(one).__name__ in JOURNAL_KINDS and self._now:
                self._journal.record(one)

    def settle(self) -> None:
        self._journal.flush()

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=60) as answer:
            return bytes(answer.read())

    def typed(self, *words: str) -> str:
        done = CliRunner().invoke(
            app, [*words, "--state", str(self.directory)], terminal_width=160, env={"COLUMNS": "160"}
        )
        assert done.exit_code == 0, (done.output, done.exception)
        return " ".join(done.output.split())

    def close(self) -> None:
        self._close()
        self._journal.close()


def _read(text: str) -> Decimal | None:
    return None if text == "unknown" else Decimal(text.replace("−", "-").replace(",", ""))


def _cents(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(Decimal("0.01"))


def on_the_panel(room: Room) -> Figures:
    console = Console(file=io.StringIO(), width=200)
    console.print(panel(room.moment.builder.status))
    found = PANEL_RESULT.search(console.file.getvalue())  # type: ignore[attr-defined]
    assert found is not None
    return tuple(_read(text) for text in found.groups())


def in_words(room: Room, command: str) -> Figures:
    found = DAY_RESULT.search(room.typed(command))
    assert found is not None, room.typed(command)
    net, *parts = (_read(text) for text in found.groups())
    return (*parts, net)


def on_the_page(room: Room) -> Figures:
    money = msgspec.json.decode(room.get("/document.json"), type=Document).money
    assert money is not None
    return tuple(_cents(one) for one in (money.realized, money.unrealized, money.fees, money.net))


def in_a_scrape(room: Room) -> Figures:
    text = room.get("/metrics").decode()
    found = dict(re.findall(r'^ibbot_trades_pnl\{[^}]*kind="(\w+)"[^}]*\} (\S+)$', text, re.MULTILINE))
    known = {kind: _cents(Decimal(amount)) for kind, amount in found.items()}
    return tuple(known.get(kind) for kind in ("realized", "unrealized", "fees", "net"))


def in_the_table(room: Room) -> Decimal | None:
    """The total of the one table of trades."""
    found = re.search(rf" total [\d.]+ {MONEY}", room.typed("journal"))
    return _read(found[1]) if found else Decimal(0)


@given(share=st.lists(st.floats(0, 1), min_size=6, max_size=6))
@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.generate],
)
def test_at_any_moment_of_a_recorded_day_the_five_places_show_the_same(
    day: Recorded, tmp_path_factory: pytest.TempPathFactory, share: list[float]
) -> None:
    told = day.messages
    first = next(n for n, message in enumerate(told) if isinstance(message, m.BarClosed))
    stops = sorted({first + int(part * (len(told) - first)) for part in share} | {len(told)})
    with closing(Room(tmp_path_factory.mktemp("r"))) as room, running_bot(room.directory, room.moment):
        heard = 0
        for stop in stops:
            for message in told[heard:stop]:
                room.hear(message)
            heard = stop
            room.settle()
            meant = on_the_panel(room)
            assert in_words(room, "status") == meant
            assert on_the_page(room) == meant
            assert in_a_scrape(room) == meant
            assert in_words(room, "report") == meant
            assert in_the_table(room) == meant[-1]
        assert meant[-1] not in (None, Decimal(0))
