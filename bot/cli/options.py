"""Options that several commands share."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.config import Settings
    from bot.config.where import Place

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="Settings file; default configs/settings.yaml.", envvar="IBKR_BOT_CONFIG"
    ),
]
StateOption = Annotated[
    Path | None, typer.Option("--state", help="State directory; default journal.directory.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="For scripts: one JSON object a line.")]
TextfileOption = Annotated[
    Path | None,
    typer.Option(
        "--textfile",
        help="Leave what it came to for Prometheus in this file, for node_exporter.",
        envvar="IBKR_BOT_TEXTFILE",
    ),
]
DATA_VARIABLE = "IBKR_BOT_DATA"
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Folder of your own market data; default data.directory.", envvar=DATA_VARIABLE
    ),
]


def finite(value: float) -> float:
    """For a float's ``callback``: click lets NaN through whatever ``min`` and ``max`` say."""
    if not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no number.")
    return value


LATEST_RUN = "latest"
JOURNAL_NAME = "journal.db"
"""As the journal's own module has it, which is not imported for its name alone."""


def journal_path(config: Path | None, state: Path | None) -> Path:
    """The journal in the directory that ``state_directory`` finds."""
    return state_directory(config, state) / JOURNAL_NAME


def state_directory(config: Path | None, state: Path | None) -> Path:
    """The state directory a command means: ``--state``, else the bot's own, or the latest day's of a simulated gateway.

    What the settings trade decides, not which files there are: a paper account's commands never mean a simulated day.
    """
    if state is not None:
        return state
    at = state_place(config)
    latest = simulated_directory(at.directory) / LATEST_RUN
    return latest if at.has_days_of_its_own and latest.exists() else at.directory


def state_place(config: Path | None) -> Place:
    """Where the settings in force put the state, read without the rest of them."""
    from bot.config.where import place

    return place(config)


def simulated_directory(directory: Path) -> Path:
    """Every simulated day gets a state directory of its own in here."""
    return directory / "simulated"


def data_folder(settings: Settings) -> Path:
    """The market data of a command without ``--data``: the variable's folder, as for those with it, else the settings'."""
    named = os.environ.get(DATA_VARIABLE)
    return Path(named) if named else settings.data.directory


def settings_of(config: Path | None) -> Settings:
    from bot.config import load_settings

    return load_settings(config)


def leave_comparison(
    textfile: Path, command: str, compared: int, differences: int, *, since_s: float
) -> None:
    """What ``--textfile`` asks for; ``since_s`` is the monotonic time at which the command began. Raises FixTheMachine."""
    import time
    from datetime import UTC, datetime

    from bot.ops.metrics.textfile import ComparisonRun, leave_for_prometheus

    took_s = time.monotonic() - since_s
    run = ComparisonRun(command, datetime.now(UTC), took_s, compared, differences)
    leave_for_prometheus(textfile, run)
