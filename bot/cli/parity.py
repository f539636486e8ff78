"""``ibkr-bot parity``: the same day three ways, and whether all of them came to the same."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.days import session_of
from bot.cli.embedded import speed_of
from bot.cli.options import ConfigOption, JsonOption, data_folder, settings_of
from bot.cli.show.printer import printer
from bot.cli.show.slips import show_slips
from bot.domain import messages as m
from bot.domain.errors import RestartTheLine
from bot.domain.session import Session

if TYPE_CHECKING:
    from bot.backtest.parity import RunOutcome
    from bot.config import Settings
    from bot.ops.status.slippage import LegSlip


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to the day, and what it came to."""

    name: str
    wall_s: float
    trades: int
    pnl: Decimal
    judged: int
    denied: int
    slippage: tuple[LegSlip, ...]
    differences: tuple[str, ...]


def parity(
    day: Annotated[str, typer.Argument(metavar="DATE", help="Recorded day, as in 2011-01-26.")],
    config: ConfigOption = None,
    ceiling: Annotated[
        float, typer.Option(help="Speed of the third way, simulated seconds a second.")
    ] = 3000,
    busy: Annotated[int, typer.Option(min=0, max=64, help="Busy processes beside the third way.")] = 8,
    as_json: JsonOption = False,
) -> None:
    """Trade a recorded day three ways and compare: in the replay runtime, over TCP, over TCP slower and under load.

    Trades, times, prices, judgements and denials must be equal; exit code 1 where they are not. Below stands what the fills
    cost beyond the model's prices. A journal of a day that was traded: ibkr-bot replay.

    Example: ibkr-bot parity 2011-01-26
    """
    settings, session = settings_of(config), session_of("DATE", day)
    speed_of(f"{ceiling:g}", "--ceiling")
    found: list[tuple[str, float, RunOutcome]] = []
    ways_to_the_day: dict[str, Callable[[], RunOutcome]] = {
        "replay": lambda: _replayed(settings, session),
        "TCP, max": lambda: _traded(config, session, "max"),
        f"TCP, {ceiling:g}, {busy} busy": lambda: _traded(config, session, f"{ceiling:g}", busy),
    }
    with printer(to_stderr=True).status("") as status:
        for name, make in ways_to_the_day.items():
            status.update(f"{name} …")
            began_s = time.monotonic()
            outcome = make()
            found.append((name, time.monotonic() - began_s, outcome))
    ways = [_way(name, wall_s, outcome, found[0][2]) for name, wall_s, outcome in found]
    _tell(ways, as_json=as_json)
    raise typer.Exit(int(any(way.differences for way in ways)))


def _replayed(settings: Settings, session: Session) -> RunOutcome:
    from bot.backtest.parity import replayed
    from bot.cli.data import stored_days
    from bot.cli.embedded import SIMULATED_EQUITY_USD
    from bot.sim.world.build import recorded_world

    library = stored_days(data_folder(settings))
    equity = Decimal(SIMULATED_EQUITY_USD)
    return replayed(
        settings, recorded_world(settings.symbols, session.day, equity=equity, library=library), session
    )[0]


def _traded(config: Path | None, session: Session, speed: str, busy: int = 0) -> RunOutcome:
    """The whole bot in a process of its own, against the simulated gateway in another. Raises RestartTheLine."""
    from bot.backtest.parity import HEARD, RunOutcome
    from bot.journal.readers import connect_read_only
    from bot.journal.store import JOURNAL_FILE, read_rows

    with tempfile.TemporaryDirectory(prefix="ibkr-bot-parity-") as scratch, _busy(busy):
        command = [sys.executable, "-m", "bot", "run", "--state", scratch, "--session", f"{session.day}"]
        command += ["--speed", speed, *([] if config is None else ["--config", str(config)])]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own module
        if ended.returncode:
            raise RestartTheLine(f"the bot ended with {ended.returncode}: {ended.stderr.strip()[-400:]}")
        with contextlib.closing(connect_read_only(Path(scratch) / JOURNAL_FILE)) as db:
            return RunOutcome.of(row.message for row in read_rows(db, HEARD))


@contextlib.contextmanager
def _busy(count: int) -> Iterator[None]:
    """So many processes that do nothing but count."""
    command = [sys.executable, "-c", "while True: pass"]
    crowd = [subprocess.Popen(command) for _ in range(count)]  # noqa: S603  Python itself
    try:
        yield
    finally:
        for process in crowd:
            process.kill()
            process.wait()


def _way(name: str, wall_s: float, outcome: RunOutcome, first: RunOutcome) -> _Way:
    from bot.backtest.parity import differences
    from bot.ops.status.slippage import by_leg

    closed = [message for message in outcome.decided if isinstance(message, m.BracketClosed)]
    return _Way(
        name,
        round(wall_s, 1),
        len(closed),
        sum((x.pnl for x in closed), Decimal(0)),
        len(outcome.of_kind(m.BarJudged)),
        len(outcome.of_kind(m.EntryDenied)) + len(outcome.of_kind(m.IdeaDropped)),
        by_leg(outcome.fills),
        tuple(differences(first, outcome)),
    )


def _tell(ways: list[_Way], *, as_json: bool) -> None:
    from bot.ops.status.fitted import FittedColumn, FittedTable

    if as_json:
        typer.echo(json.dumps([asdict(way) for way in ways], default=str))
        return
    names = ("way", "seconds", "trades", "P&L", "judged", "denied", "")
    columns = [FittedColumn(name, right=name not in ("way", "")) for name in names]
    printer().print(FittedTable("", columns, [_row(way) for way in ways]))
    for way in ways:
        for line in way.differences:
            typer.echo(f"{way.name}: {line}")
    first = ways[0]
    for way in ways:
        if way is first or way.slippage != first.slippage:
            if way is not first:
                typer.echo(f"{way.name}:")
            show_slips(way.slippage)


def _row(way: _Way) -> tuple[str, ...]:
    figures = (f"{way.wall_s:.1f}", str(way.trades), f"{way.pnl:+.2f}", str(way.judged), str(way.denied))
    return (way.name, *figures, "differs" if way.differences else "same")
