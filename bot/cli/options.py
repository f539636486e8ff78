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
    """The state directory a command means: ``--state``, else the bot's own, else that of the latest simulated day."""
    from bot.journal.store import JOURNAL_FILE

    if state is not None:
        return state
    own = settings_of(config).journal.directory
    latest = simulated_directory(own) / LATEST_RUN
    return own if (own / JOURNAL_FILE).exists() or not latest.exists() else latest


def simulated_directory(directory: Path) -> Path:
    """Every simulated day gets a state directory of its own in here."""
    return directory / "simulated"


def settings_of(config: Path | None) -> Settings:
    from bot.config import load_settings

    return load_settings(config)
