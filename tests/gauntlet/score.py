"""One row of the scorecard, and the scorecard as a table, as Markdown and as JSON. Red stays red, with its reason."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Score:
    """What the judge found in the gateway's books. ``limit_s`` is how long a position may be unprotected here, and
    ``pacing`` None where nobody watched the gateway's limits."""

    scenario: str
    ids: str
    worst_unprotected_s: float
    reconcile_s: float | None
    duplicated: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    naked: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    pacing: tuple[str, ...] | None = None
    overnight_s: float = 0.0
    limit_s: float = 5.0

    @property
    def complaints(self) -> list[str]:
        named = (
            ("duplicated", self.duplicated),
            ("lost", self.lost),
            ("naked", self.naked),
            ("broken invariant", self.faults),
            ("pacing violation", self.pacing or ()),
        )
        found = [f"{name}: {', '.join(items)}" for name, items in named if items]
        if self.worst_unprotected_s > self.limit_s:
            found.append(f"unprotected for {self.worst_unprotected_s:g} s, allowed {self.limit_s:g}")
        if self.overnight_s:
            found.append(f"unprotected overnight for {self.overnight_s:g} s")
        return found

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"complaints": self.complaints}
