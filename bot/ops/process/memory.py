"""Memory that was needed for a moment is given back to the machine.

Source: malloc_trim(3). The C library itself gives back only what lies at the top of its heap; below it, freed pages stay
resident until somebody asks.
"""

from __future__ import annotations

import ctypes


def give_back() -> bool:
    """Whether anything was given back; never where the C library has no such call (musl, macOS). Takes milliseconds."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim is not None and bool(trim(0))
