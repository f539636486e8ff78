"""Which build is running: the version, and the commit where it is known. Shown wherever old code could hide."""

from __future__ import annotations

import os
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

BUILD_FILE = Path(__file__).with_name("BUILD")
"""Written into the wheel when it is built for a release; absent in a source tree."""


@cache
def build_id() -> str:
    """``0.1.0+ab12cd3`` in a release, ``0.1.0+source`` from a source tree."""
    try:
        number = version("ibkr-options-bot")
    except PackageNotFoundError:
        number = "0"
    commit = os.environ.get("IBKR_BOT_BUILD") or (
        BUILD_FILE.read_text().strip() if BUILD_FILE.exists() else "source"
    )
    return f"{number}+{commit}"
