"""What a check found: a verdict, in words, with the remedy where something is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """OK; WARN works but wants a look; FAIL keeps the bot from trading safely; SKIP could not be looked at."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's result. A WARN or FAIL has a remedy."""

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""

    def as_json(self) -> str:
        return json.dumps(asdict(self))


def ok(name: str, found: str) -> Finding:
    return Finding(name, Verdict.OK, found)


def warn(name: str, found: str, remedy: str) -> Finding:
    return Finding(name, Verdict.WARN, found, remedy)


def fail(name: str, found: str, remedy: str) -> Finding:
    return Finding(name, Verdict.FAIL, found, remedy)


def skip(name: str, found: str) -> Finding:
    return Finding(name, Verdict.SKIP, found)


def exit_code(findings: Iterable[Finding]) -> int:
    """0 nothing is wrong, 1 something is: as of every command. ``--json`` tells a warning from a fault."""
    return int(any(finding.verdict in (Verdict.FAIL, Verdict.WARN) for finding in findings))
