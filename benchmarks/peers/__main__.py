"""``python -m benchmarks.peers``: the stock bracket in each engine; exit code 1 where trades differ or a reach is missed.

The engines are installed into ``.venv-peers``, apart from this project's own environment. Another folder: ``--environment``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import venv
from datetime import date
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks.figures import Figure, ratio
from benchmarks.peers import ours, rule
from bot.domain.session import Session

HERE: Final = Path(__file__).parent
ENVIRONMENT: Final = HERE.parents[1] / ".venv-peers"
PINNED: Final = ("backtrader==1.9.78.123", "backtesting==0.6.5", "nautilus_trader==1.221.0")
PEERS: Final = {
    "backtrader": ("with_backtrader.py", 5.0),
    "nautilus_trader": ("with_nautilus.py", 2.0),
    "backtesting.py": ("with_backtesting.py", 0.5),
}
PAIRS: Final = 3
"""Each peer is played so often, and this project's exchange in turn with it."""
FIRST, LAST = date(2025, 1, 2), date(2025, 3, 31)


class TradesDiffer(RuntimeError):
    """Two engines do not agree, so no speed is told."""


def install(environment: Path) -> Path:
    """Its interpreter, the engines beside it."""
    python = environment / "bin" / "python"
    if not python.exists():
        venv.create(environment, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PINNED], check=True)  # noqa: S603  pinned above
    return python


def played(python: Path, script: str, prints: Path) -> tuple[rule.Trades, float]:
    command = [str(python), str(HERE / script), str(prints)]
    said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603
    return [(entry, sold, paid, got) for entry, sold, paid, got in said["trades"]], said["seconds"]


def first_difference(mine: rule.Trades, theirs: rule.Trades) -> str:
    for number, pair in enumerate(zip(mine, theirs, strict=False)):
        if pair[0] != pair[1]:
            return f"trade {number} is {pair[0]} here and {pair[1]} there"
    return "" if len(mine) == len(theirs) else f"{len(mine)} trades here, {len(theirs)} there"


def figures(python: Path, last: date = LAST) -> list[Figure]:
    """Each peer's time ÷ ours. TradesDiffer where a single entry, exit or price is another."""
    sessions = ours.whole_sessions(FIRST, last)
    prints, trades, our_s = ours.timed(sessions)
    found = [
        Figure("stock bracket", len(prints) / our_s, "prints/s", None, f"{len(trades)} trades, all the same")
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "prints.bin"
        path.write_bytes(prints.tobytes())
        for name, (script, reach) in PEERS.items():
            pairs = [_pair(name, python, script, path, sessions) for _ in range(PAIRS)]
            rate = len(prints) / statistics.median(theirs for _, theirs in pairs)
            note = f"{rate:,.0f} prints/s there, {len(pairs)} pairs in turn"
            found.append(Figure(f"{name} ÷ ours", ratio(pairs), "×", reach, note, is_floor=True))
    return found


def _pair(name: str, python: Path, script: str, path: Path, sessions: list[Session]) -> tuple[float, float]:
    """The processor's seconds here and there, one after the other."""
    _, trades, our_s = ours.timed(sessions)
    theirs, their_s = played(python, script, path)
    if difference := first_difference(trades, theirs):
        raise TradesDiffer(f"{name}: {difference}")
    return our_s, their_s


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument(
        "--environment", type=Path, default=ENVIRONMENT, help="where the engines are installed"
    )
    found = figures(install(parser.parse_args(arguments).environment))
    console = Console()
    for x in found:
        verdict = "" if x.reach is None else "yes" if x.is_reached else "MISSED"
        console.print(
            f"{x.name}: {x.value:,.4g} {x.unit}, {x.reach_text} {verdict} ({x.note})", highlight=False
        )
    return 0 if all(x.is_reached for x in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
