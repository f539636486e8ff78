"""The settings of research: market data of one's own."""

from __future__ import annotations

from pathlib import Path

from bot.config.fields import Folder, Section, doc


class DataSection(Section):
    """Market data of one's own, for backtests and simulated days."""

    directory: Folder = doc(
        Path("data"),
        "Where `ibkr-bot data` keeps bars and quotes, as Parquet; relative to where it runs.",
    )
