"""Chance, one stream for each consumer: whoever draws more moves nobody else's numbers, and a new consumer moves no old seed."""

from __future__ import annotations

import random


class Streams:
    """``of`` gives the stream of a name; the same seed and name give the same numbers on every Python since 3.2."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._known: dict[str, random.Random] = {}

    def of(self, name: str) -> random.Random:
        if name not in self._known:
            # A text is hashed by SHA-512 there, so PYTHONHASHSEED moves nothing.
            self._known[name] = random.Random(f"{self._seed}/{name}")  # noqa: S311  a simulation's chance, no secret
        return self._known[name]
