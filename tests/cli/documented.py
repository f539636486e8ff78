"""Every command that README and docs tell a person to type, and how it is tried: no command is passed over in silence.

A command is a line of a shell block, or a span of code that begins with a program and is not its name alone. The first row of
WAYS whose pattern is found in it says how it is tried; the row's words say why it is not simply run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "ARCHITECTURE.md", *ROOT.glob("docs/**/*.md")], key=str)
PROGRAMS = (
    r"(?:\.venv/bin/)?ibkr-bot|ibkr-guard|make|(?:\.venv/bin/)?python3? -m|pip|apt|sudo|ssh(?:-copy-id)?|cp|\$\{EDITOR|"
    r"ansible-(?:playbook|vault)|systemctl|journalctl|timedatectl|amtool|promtool|"
    r"\. \.venv[a-z-]*/bin/activate|(?:INVENTORY=\S+ )?\.ci/\w+"
)
_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_COMMAND = re.compile(rf"(?:{PROGRAMS})(?: \S.*)?")
_REMARK = re.compile(r"\s{2,}\S.*$| # .*$")
"""Behind a command, what it does."""


class Way(StrEnum):
    """How a command is tried."""

    ALONE = "run as written in a fresh clone"
    SERVES = "run as written until it serves or shows, then ended with Ctrl-C"
    AFTER_A_DAY = "run as written after `make run`"
    BESIDE_A_BOT = "run as written while a bot trades"
    NAMED = "named in a sentence, its arguments left out: its --help is run"
    FORM = "a form with something to fill in"
    ELSEWHERE = "run as written by something else"
    HOST = "needs an appliance: the lab's hosts"
    GATEWAY = "needs Interactive Brokers itself"
    WORLD = "changes or asks what is outside the clone"


@dataclass(frozen=True, slots=True)
class Row:
    pattern: str
    way: Way
    why: str
    """For a command that is run here: what is expected. For another: who runs it, or why nobody can."""


WAYS: tuple[Row, ...] = (
    Row(
        r"^ssh|…|HH:MM|\b(NAME|DIRECTORY|ADDRESS|GATEWAY)\b|\"\.\.\.\"|=(file|name)\b|PI=pi|BOT=pi| \.\.\. |<",
        Way.FORM,
        "the command without its form has a row of its own",
    ),
    # ── make and CI
    Row(r"^make help$", Way.ALONE, "the list of targets"),
    Row(r"^make venv$", Way.ALONE, "there already: nothing happens; .ci/run begins with making it"),
    Row(
        r"^make run$",
        Way.ALONE,
        "the day, with SPEED=max in the environment; everything behind it looks at this day",
    ),
    Row(r"^make (test|lint|gauntlet)$|^make clients", Way.ELSEWHERE, ".ci/run is made of them"),
    Row(r"^make docs$", Way.ELSEWHERE, ".ci/run compares what it would write (docs.generate --check)"),
    Row(
        r"^make simulate|^python -m tests\.simulation",
        Way.ELSEWHERE,
        "tests/simulation and the night's part of CI; it fills the minutes that it is given",
    ),
    Row(
        r"^make (bench|measure|years|lock)|^python -m benchmarks|-m pytest benchmarks",
        Way.ELSEWHERE,
        "minutes of both processors; tests/test_benchmarks.py tries their parts",
    ),
    Row(
        r"^python -m tests\.ops\.page\.pictures$",
        Way.ELSEWHERE,
        "writes docs/images; tests/ops/page/test_browser.py drives the same browser",
    ),
    Row(r"^make monitor$", Way.ELSEWHERE, "tests/monitoring/test_monitor_command.py runs it"),
    Row(
        r"^make (halt|resume|backup|restore|redeploy|new-pi|upgrade-gateway|versions|appliance-venv)",
        Way.HOST,
        ".ci/appliance plays them against the lab; versions asks what is newest",
    ),
    Row(
        r"^make lab|\.ci/(lab|appliance)",
        Way.HOST,
        "CI's own part of the appliance; containers of systemd, as root",
    ),
    Row(r"^\.ci/run", Way.ELSEWHERE, "CI itself"),
    # ── the appliance's hosts and the owner's computer
    Row(
        r"^ansible|^\. \.venv-appliance/|^cp inventory|EDITOR",
        Way.HOST,
        ".ci/appliance provisions the lab with the same playbooks and roles",
    ),
    Row(
        r"^(sudo|systemctl|journalctl|timedatectl|promtool|amtool)\b",
        Way.HOST,
        "programs of a provisioned host; the lab and tests/monitoring run their kinds",
    ),
    Row(r"^(apt|pip) ", Way.WORLD, "installs packages; .ci/run does it on an empty machine"),
    Row(r"^python3 -m venv$", Way.NAMED, "ends well"),
    # ── what asks Interactive Brokers, or a person's data
    Row(
        r"^ibkr-bot data fetch",
        Way.GATEWAY,
        "IB's history; tests/backtest/test_fetch.py fetches from the simulated gateway",
    ),
    Row(
        r"ibkr-bot data import|data check SPY|^ibkr-bot replay backup",
        Way.FORM,
        "a person's own file; tests/backtest/store imports and checks one",
    ),
    Row(r"ibkr-bot data list$", Way.ALONE, "nothing is stored yet, and it says so"),
    Row(r"^ibkr-bot sim --record", Way.GATEWAY, "records a real gateway"),
    Row(
        r"^ibkr-bot sim --compare",
        Way.FORM,
        "a recording of a person's own gateway; tests/sim/server/test_compare.py compares one",
    ),
    Row(r"^ibkr-bot flex", Way.GATEWAY, "IB's statement; tests/flex compares bundled ones"),
    Row(
        r"^ibkr-bot doctor --go-live --paper-state /var",
        Way.HOST,
        "a provisioned Pi's paper journal; without one the next row's",
    ),
    Row(r"^ibkr-bot (run|sim) --session 2024", Way.FORM, "a day of a person's own data"),
    Row(
        r"^ibkr-bot run --session 2011",
        Way.ELSEWHERE,
        "another bundled day; tests/live_line/test_recorded_days.py trades each",
    ),
    Row(
        r"^ibkr-bot alert test$",
        Way.ALONE,
        "78: no channel is configured yet, and it says which settings make one",
    ),
    # ── many days
    Row(
        r"^ibkr-bot (backtest|sweep) ",
        Way.ELSEWHERE,
        "minutes of processor; tests/backtest/test_command.py runs each option on fewer days",
    ),
    Row(r"^ibkr-bot parity ", Way.ELSEWHERE, "tests/live_line/test_parity.py trades that day all three ways"),
    Row(
        r"^ibkr-bot drill --state /var",
        Way.HOST,
        "an appliance's state directory; the same command as in the next row",
    ),
    Row(r"^ibkr-bot drill$", Way.ELSEWHERE, "tests/cli/test_drill.py runs it whole, as a new user"),
    # ── the guard
    Row(
        r"^ibkr-guard check$",
        Way.HOST,
        "the limits of a provisioned gateway host; the next row's are the example's",
    ),
    Row(r"^ibkr-guard check", Way.ALONE, "the example's limits are sound"),
    Row(r"^ibkr-guard ", Way.HOST, "a guard in front of a gateway; tests/guard runs each command beside one"),
    # ── what a person types first
    Row(r"^\. \.venv/bin/activate$", Way.ALONE, "ends well"),
    Row(r"^ibkr-bot (config check|formats)$", Way.ALONE, "ends well"),
    Row(
        r"^ibkr-bot (doctor|what-if)",
        Way.ALONE,
        "with a gateway of its own; --go-live says that nothing is proved and ends with 1",
    ),
    Row(r"^ibkr-bot sim( |$)", Way.SERVES, "a line of JSON with its port"),
    Row(r"^ibkr-bot run( --session 2011-01-28)?$", Way.SERVES, "the address of its page"),
    Row(r"^ibkr-bot status --watch$", Way.SERVES, "is the money safe"),
    Row(r"^ibkr-bot (status|positions|orders)( --json)?$", Way.BESIDE_A_BOT, "ends well"),
    Row(r"^ibkr-bot (halt|resume|flatten) \"", Way.BESIDE_A_BOT, "ends well; flatten asks for the account"),
    Row(r"^ibkr-bot report --from 2026", Way.AFTER_A_DAY, "a month of which nothing is recorded: said so"),
    Row(
        r"^ibkr-bot (report( --html day\.html| --tax-lots lots\.csv)?|journal( --csv)?|why SPY (10:31|09:54)|replay)$",
        Way.AFTER_A_DAY,
        "ends well",
    ),
    Row(
        r"^ibkr-bot replay --day (2026|today)",
        Way.AFTER_A_DAY,
        "nothing is recorded of that day, and nothing differs",
    ),
    Row(r"^ibkr-bot (halt|resume|flatten|loosen|why|why SPY|report --day)$", Way.NAMED, "ends well"),
)


@dataclass(frozen=True, slots=True)
class Documented:
    """A command and the pages that have it."""

    text: str
    pages: tuple[str, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(row for row in WAYS if re.search(row.pattern, self.text))


def documented() -> list[Documented]:
    """Every command of README and docs, once."""
    found: dict[str, dict[str, None]] = {}
    for page in PAGES:
        for text in _commands(page.read_text(encoding="utf-8")):
            found.setdefault(text, {})[page.name] = None
    return [Documented(text, tuple(pages)) for text, pages in sorted(found.items())]


def _commands(page: str) -> list[str]:
    blocks = [
        block
        for language, block in _FENCE.findall(page)
        if language in ("", "sh", "bash", "console", "shell")
    ]
    lines = [
        _REMARK.sub("", line.strip().removeprefix("next:").strip())
        for block in blocks
        for line in block.splitlines()
    ]
    spans = [" ".join(span.split()) for span in _SPAN.findall(_FENCE.sub("", page))]
    told = [text for text in (*lines, *spans) if _COMMAND.fullmatch(text)]
    return [text.removeprefix(".venv/bin/") for text in told if " " in text]
