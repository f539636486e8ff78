"""Show the programs that do not come from Debian, and what is newer where it can be seen: make versions

Rule: it reads inventory/group_vars/all/versions.yml, the tools that are installed on this computer, and each maker's own
page; nothing is changed. A page that does not answer is said so, with its address: an unknown version is not an old one.
Exit code 0 whatever is newer; 78 when the file does not name a program.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

FILE = Path(__file__).parents[1] / "inventory" / "group_vars" / "all" / "versions.yml"
TIMEOUT_S = 8
RELEASE = r'"tag_name": ?"v?([0-9][^"]*)"'
# What `make appliance-venv` installed on this computer, as the Python index tells its newest release.
TOOLS = ("ansible", "ansible-lint", "molecule")


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
    """One line of the table. ``newest`` is None when its page did not tell; ``here`` when it is not installed."""

    name: str
    here: str | None
    newest: str | None
    page: str

    @property
    def verdict(self) -> str:
        """In words."""
        if self.newest is None:
            return f"cannot be seen from here ({urlsplit(self.page).netloc} tells nothing)"
        if self.here is None:
            return f"{self.newest} is there (make appliance-venv installs it)"
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
    """Compare what the file says with what the pages tell. Each page is asked once, and none waits for another."""
    asked = [
        (program.name, of_the_file(text, program.here), program.page, program.pattern) for program in PROGRAMS
    ]
    asked += [
        (tool, of_this_computer(tool), f"https://pypi.org/pypi/{tool}/json", r'"version": ?"([0-9][0-9.]*)"')
        for tool in TOOLS
    ]
    pages = sorted({page for _, _, page, _ in asked})
    with ThreadPoolExecutor(len(pages)) as pool:
        told = dict(zip(pages, pool.map(page_of, pages), strict=True))
    return [
        Found(name, here, max(re.findall(pattern, told[page]), key=order, default=None), page)
        for name, here, page, pattern in asked
    ]


def of_the_file(text: str, pattern: str) -> str | None:
    """The version that the file names."""
    found = re.search(pattern, text)
    return found[1] if found else None


def of_this_computer(tool: str) -> str | None:
    """The version of a tool that runs here."""
    try:
        return version(tool)
    except PackageNotFoundError:
        return None


def main() -> int:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(
        description="The programs that do not come from Debian, and what is newer.",
        epilog="Example: make versions",
    )
    parser.add_argument("--json", action="store_true", help="for scripts: one JSON list")
    given = parser.parse_args()
    try:
        text = FILE.read_text(encoding="utf-8")
    except OSError as error:
        parser.exit(78, f"versions: {FILE}: {error.strerror}\n")
    unnamed = [program.name for program in PROGRAMS if of_the_file(text, program.here) is None]
    if unnamed:
        parser.exit(
            78,
            f"versions: {FILE} names no version of {', '.join(unnamed)}: put its line back (git shows it)\n",
        )
    found = look(text, read)
    if given.json:
        sys.stdout.write(json.dumps([asdict(one) for one in found]) + "\n")
        return 0
    width = max(len(one.name) for one in found)
    for one in found:
        sys.stdout.write(f"{one.name:<{width}}  {one.here or '-':<10}  {one.verdict}\n")
    sys.stdout.write(
        "docs/appliance/versions.md says how to bump each; Debian's own packages update themselves.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
