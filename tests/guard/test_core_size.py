"""What must be trusted of the guard is small enough to be read in an afternoon, and stands alone."""

from __future__ import annotations

import ast
import subprocess
import sys
import tokenize
from pathlib import Path

CORE = Path(__file__).parents[2] / "bot/guard/core"
AT_MOST = 1000
_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def lines_of_code(path: Path) -> int:
    """Lines that hold code: neither blank, nor comment, nor docstring."""
    words: set[int] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            words |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    with tokenize.open(path) as file:
        tokens = [t for t in tokenize.generate_tokens(file.readline) if t.type not in _NO_CODE]
    return len({line for t in tokens for line in range(t.start[0], t.end[0] + 1)} - words)


def test_the_trusted_core_has_at_most_a_thousand_lines_of_code() -> None:
    found = {path.name: lines_of_code(path) for path in CORE.glob("*.py")}
    assert 100 < sum(found.values()) <= AT_MOST, found


def test_the_core_runs_without_the_rest_of_the_guard() -> None:
    script = (
        "import sys, bot.guard.core.gate\n"
        "rest = {m for m in sys.modules if m.startswith('bot.')}\n"
        "known = ('bot.guard.core', 'bot.wire', 'bot.domain')\n"
        "print([m for m in rest if m != 'bot.guard' and not m.startswith(known)])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
