"""Which leap of a price overnight looks like a split."""

from __future__ import annotations

from typing import Final

_SPLITS: Final = (2.0, 3.0, 4.0, 5.0, 7.0, 8.0, 10.0, 20.0, 1.5)
_NEAR: Final = 0.06
"""An overnight move beside the split itself."""
LONG_WEEKEND: Final = 5
"""Days between two sessions; what happened in a longer hole nobody knows."""


def split_in_words(close: float, opens: float) -> str | None:
    """``4:1`` where a price after a night is near a part of the one before, ``1:10`` the other way; None for any other move."""
    ratio = close / opens
    size = ratio if ratio > 1 else 1 / ratio
    near = min(_SPLITS, key=lambda n: abs(size / n - 1))
    if abs(size / near - 1) >= _NEAR:
        return None
    return f"{near:g}:1" if ratio > 1 else f"1:{near:g}"
