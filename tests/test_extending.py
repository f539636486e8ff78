"""The five recipes of docs/extending.md, carried out on a copy of the tree: by halves the named command says what is
missing, whole it passes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("bot", "tests", "docs", "configs", "grafana", "roles")
EXAMPLE = "tests/strategies/example_strategy.py"
SAYS = (
    "tests/ops/alerts/test_headings.py",
    "tests/sim/gateway/test_gateway_docs.py",
    "tests/sim/gateway/test_gateway_limits.py::test_every_request_kind_has_a_handler",
    "tests/config/test_template.py",
    "tests/config/test_every_setting_is_read.py",
    "tests/risk/test_denials.py",
    "tests/risk/test_denials_table.py",
)


class Tree:
    def __init__(self, path: Path) -> None:
        self.path = path
        for part in PARTS:
            shutil.copytree(
                ROOT / part,
                path / part,
                ignore=shutil.ignore_patterns("__pycache__", "node_modules", "images"),
            )
        for file in ("pyproject.toml", ".env.example", "README.md"):
            shutil.copy(ROOT / file, path / file)

    def put(self, file: str, before: str, text: str) -> None:
        """Insert ``text`` before the first place where ``before`` stands."""
        target = self.path / file
        old = target.read_text(encoding="utf-8")
        assert before in old, f"{file} has no {before!r}"
        target.write_text(old.replace(before, text + before, 1), encoding="utf-8")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *words], cwd=self.path, capture_output=True, text=True, check=False
        )

    def pytest(self) -> str:
        done = self.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *SAYS)
        return done.stdout + done.stderr


def half_a_strategy(tree: Tree) -> None:
    example = (tree.path / EXAMPLE).read_text(encoding="utf-8")
    path = tree.path / "bot/strategies/metronome.py"
    path.write_text(example.replace("    rank=2,\n", ""), encoding="utf-8")
    tree.put(
        "bot/strategies/registry.py", "from bot.strategies.base", "from bot.strategies import metronome\n"
    )
    tree.put("bot/strategies/registry.py", "    scalp.SPEC,", "    metronome.SPEC,\n")


def rest_of_a_strategy(tree: Tree) -> None:
    whole = (ROOT / EXAMPLE).read_text(encoding="utf-8").replace("rank=2,", "rank=97,")
    (tree.path / "bot/strategies/metronome.py").write_text(whole, encoding="utf-8")


def half_an_alert(tree: Tree) -> None:
    call = '        self._alert(f"lifted:{x.cause}", Severity.INFO, "Lifted", x.reason)\n'
    tree.put("bot/ops/alerts/events.py", "        self._latch.resume(x)\n", call)


def rest_of_an_alert(tree: Tree) -> None:
    tree.put("bot/ops/alerts/headings.py", '    "gathered":', '    "lifted": "Lifted",\n')
    tree.put("docs/runbook.md", "### ", "### Lifted\n\nA halt is over.\n\n")


def half_a_message(tree: Tree) -> None:
    tree.put(
        "bot/wire/schemas/reference.py",
        '    request(103, "cancelWshEventData", REQ_ID, body=Body(209, "reqId")),\n',
        '    request(199, "reqExample", REQ_ID),\n',
    )


def rest_of_a_message(tree: Tree) -> None:
    tree.put(
        "bot/sim/handlers/unsupported.py",
        '    "reqWshMetaData": _NO_CALENDAR,\n',
        '    "reqExample": _answer(321, "Not here"),\n',
    )
    page = tree.path / "docs/conformance.md"
    text = page.read_text(encoding="utf-8")
    count = re.search(r"(\d+) requests are understood", text)
    assert count
    page.write_text(
        text.replace(count[1] + " requests", f"{int(count[1]) + 1} requests", 1), encoding="utf-8"
    )


def half_a_setting(tree: Tree) -> None:
    tree.put(
        "bot/config/trading_sections.py",
        "    minutes_after_open: Minutes",
        '    lunch_break_minutes: Minutes = doc(0, "No entry for this long from noon on.")\n',
    )


def rest_of_a_setting(tree: Tree) -> None:
    line = "    del settings.session.lunch_break_minutes  # here it would become a rule\n"
    tree.put("bot/config/hand_down.py", "    embargo = settings.embargo\n", line.replace("del ", "_ = "))


def half_a_rule(tree: Tree) -> None:
    tree.put(
        "bot/risk/denials.py",
        "    SESSION_HOLIDAY = (",
        '    IDEA_TIMID = ("IDEA_TIMID", "The strategy is not sure enough.", "None.")\n',
    )
    rule = (
        "def sure_enough(idea: TradeIdea, _: RiskBook, __: RiskLimits) -> Denial | None:\n"
        "    if idea.confidence > 0.01:\n"
        "        return None\n"
        "    return deny(DenialCode.IDEA_TIMID, confidence=idea.confidence)\n\n\n"
    )
    tree.put("bot/risk/rules.py", "HOUSE_RULES: ", rule)
    tree.put("bot/risk/rules.py", "    not_repeated,\n", "    sure_enough,\n")


def rest_of_a_rule(tree: Tree) -> None:
    situation = (
        "@produces(DenialCode.IDEA_TIMID)\n"
        "def _timid() -> m.EntryDenied:\n"
        "    return denial(opened(), replace(idea(), confidence=0.0))\n\n\n"
    )
    tree.put("tests/risk/situations.py", "def asking_machine() ->", situation)


HALVES: dict[str, tuple[Callable[[Tree], None], Callable[[Tree], None]]] = {
    "A strategy": (half_a_strategy, rest_of_a_strategy),
    "An alert": (half_an_alert, rest_of_an_alert),
    "A message of the simulator": (half_a_message, rest_of_a_message),
    "A setting": (half_a_setting, rest_of_a_setting),
    "A risk rule": (half_a_rule, rest_of_a_rule),
}


def test_the_page_has_a_recipe_for_each() -> None:
    page = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
    assert [line[3:] for line in page.splitlines() if line.startswith("## ")] == list(HALVES)
    assert [name for name in SAYS if name.partition("::")[0].rpartition("/")[0] not in page] == []


@pytest.mark.slow
def test_each_recipe_works_and_its_command_says_what_was_forgotten(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree")

    half_a_strategy(tree)
    check = tree.run("-m", "bot", "config", "check")
    assert (check.returncode, check.stderr) == (78, "ibkr-bot: strategy metronome: its SPEC lacks rank\n")
    rest_of_a_strategy(tree)
    assert tree.run("-m", "bot", "config", "check").returncode == 0

    for name, (half, _) in HALVES.items():
        if name != "A strategy":
            half(tree)
    said = tree.pytest()
    for forgotten in (
        "lifted",  # no heading
        "reqExample",  # no handler
        "requests",  # the count in docs/conformance.md
        "lunch_break_minutes",  # nobody reads it
        "IDEA_TIMID",  # no situation
    ):
        assert forgotten in said, said[-4000:]

    for name, (_, rest) in HALVES.items():
        if name != "A strategy":
            rest(tree)
    made = tree.run("-m", "docs.generate")
    assert set(made.stdout.split()) >= {"configs/settings.yaml", "docs/denials.md"}, made.stderr
    said = tree.pytest()
    assert " failed" not in said, said[-4000:]
    assert " passed" in said, said[-4000:]
