"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.config import Settings

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
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Folder of your own market data; default data.directory.", envvar="IBKR_BOT_DATA"
    ),
]

LATEST_RUN = "latest"


def journal_path(config: Path | None, state: Path | None) -> Path:
    """The journal in the directory that ``state_directory`` finds."""
    from bot.journal.store import JOURNAL_FILE

    return state_directory(config, state) / JOURNAL_FILE


def state_directory(config: Path | None, state: Path | None) -> Path:
    """The state directory a command means: ``--state``, else the bot's own, or the latest day's of a simulated gateway.

    What the settings trade decides, not which files there are: a paper account's commands never mean a simulated day.
    """
    if state is not None:
        return state
    settings = settings_of(config)
    own = settings.journal.directory
    latest = simulated_directory(own) / LATEST_RUN
    return latest if has_days_of_its_own(settings) and latest.exists() else own


def has_days_of_its_own(settings: Settings) -> bool:
    """Whether each run is a simulated day with a state directory of its own."""
    return settings.broker.trading == "simulated" and settings.broker.embedded_gateway


def simulated_directory(directory: Path) -> Path:
    """Every simulated day gets a state directory of its own in here."""
    return directory / "simulated"


def settings_of(config: Path | None) -> Settings:
    from bot.config import load_settings

    return load_settings(config)
