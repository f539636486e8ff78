"""Show the programs that do not come from Debian, and what is newer where it can be seen: make versions

Rule: it reads inventory/group_vars/all/versions.yml and asks each maker's own page; nothing is changed. A page that does
not answer is said so: an unknown version is not an old one.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = Path(__file__).parents[1] / "inventory" / "group_vars" / "all" / "versions.yml"
TIMEOUT_S = 8
RELEASE = r'"tag_name": ?"v?([0-9][^"]*)"'


@dataclass(frozen=True)
class Program:
    """Where its version stands in the file, and where its maker tells the newest one."""

    name: str
    here: str
    page: str
    pattern: str


PROGRAMS = (
    Program(
        "IB Gateway, stable",
        r"'stable': '([^']+)'",
        "https://api.github.com/repos/gnzsnz/ib-gateway-docker/releases?per_page=30",
        r'"tag_name": ?"ibgateway-stable@([^"]+)"',
    ),
    Program(
        "IB Gateway, latest",
        r"'latest': '([^']+)'",
        "https://api.github.com/repos/gnzsnz/ib-gateway-docker/releases?per_page=30",
        r'"tag_name": ?"ibgateway-latest@([^"]+)"',
    ),
    Program(
        "IBC",
        r"ib_gateway_ibc_version: (\S+)",
        "https://api.github.com/repos/IbcAlpha/IBC/releases/latest",
        RELEASE,
    ),
    Program(
        "pyenv", r"# pyenv ([0-9.]+),", "https://api.github.com/repos/pyenv/pyenv/releases/latest", RELEASE
    ),
    Program(
        "CPython 3.11",
        r"pyenv_python_version: (\S+)",
        "https://www.python.org/ftp/python/",
        r">(3\.11\.\d+)/<",
    ),
    Program(
        "Grafana",
        r"grafana_server_version: (\S+)",
        "https://api.github.com/repos/grafana/grafana/releases/latest",
        RELEASE,
    ),
)


@dataclass(frozen=True)
class Found:
    """One line of the table. ``newest`` is None when its page did not tell."""

    name: str
    here: str
    newest: str | None

    @property
    def verdict(self) -> str:
        """In words."""
        if self.newest is None:
            return "not to be seen from here"
        return "newest" if order(self.here) >= order(self.newest) else f"{self.newest} is there"


def order(version: str) -> tuple[tuple[int, str], ...]:
    """Make versions comparable: 10.45.1j comes after 10.45.1b and before 10.45.2."""
    return tuple((int(number or 0), letters) for number, letters in re.findall(r"(\d+)([a-z]*)", version))


def read(page: str) -> str:
    """A page's text; empty when it does not answer."""
    try:
        with urllib.request.urlopen(page, timeout=TIMEOUT_S) as answer:  # noqa: S310  the table above
            text: str = answer.read().decode(errors="replace")
            return text
    except (OSError, ValueError):
        return ""


def look(text: str, page_of: Callable[[str], str]) -> list[Found]:
    """Compare what the file says with what the pages tell."""
    found = []
    for program in PROGRAMS:
        here = re.search(program.here, text)
        told = re.findall(program.pattern, page_of(program.page))
        newest = max(told, key=order) if told else None
        found.append(Found(program.name, here[1] if here else "?", newest))
    return found


def main() -> int:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(
        description="The programs that do not come from Debian, and what is newer.",
        epilog="Example: make versions",
    )
    parser.add_argument("--json", action="store_true", help="for scripts: one JSON list")
    given = parser.parse_args()
    found = look(FILE.read_text(encoding="utf-8"), read)
    if given.json:
        sys.stdout.write(json.dumps([asdict(one) for one in found]) + "\n")
        return 0
    width = max(len(one.name) for one in found)
    for one in found:
        sys.stdout.write(f"{one.name:<{width}}  {one.here:<10}  {one.verdict}\n")
    sys.stdout.write(
        "docs/appliance/versions.md says how to bump each; Debian's own packages update themselves.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
