"""Which source plays the trials: results of another one are not mixed in, be it a release or a strategy of one's own, edited."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

import bot


@cache
def build_mark() -> str:
    """The same for the same source of this package, wherever it lies."""
    root, told = Path(bot.__file__).parent, sha256()
    for path in sorted(root.rglob("*.py")):
        told.update(f"{path.relative_to(root)}".encode() + path.read_bytes())
    return told.hexdigest()[:16]
