"""The small bots of docs/clients, each with its test, as somebody else would run them: out of the page, in an empty folder."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = ROOT / "docs" / "clients"
NODE_MODULES = os.environ.get("NODE_MODULES", "")
"""Where ``@stoqey/ib`` is installed, for who wants its page tested (npm install @stoqey/ib)."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def code(page: str, language: str) -> str:
    """The page's one long program."""
    text = (PAGES / page).read_text(encoding="utf-8")
    programs: list[str] = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return max(programs, key=len)


@pytest.mark.parametrize("library", ["ib_insync", "ib_async", "ibapi"])
def test_the_bot_of_the_page_passes_its_test(library: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    (tmp_path / "test_mine.py").write_text(code(f"{library}.md", "python"))
    path = os.pathsep.join((f"{ROOT}", *filter(None, [os.environ.get("PYTHONPATH")])))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "ibkr_sim_pytest", "-p", "no:cacheprovider", "test_mine.py"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not (NODE_MODULES and shutil.which("node")), reason="node or NODE_MODULES is missing")
def test_the_bot_in_javascript_passes_its_test(tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    (tmp_path / "mine.test.mjs").write_text(code("stoqey-ib.md", "js"))
    path = os.pathsep.join((f"{Path(sys.executable).parent}", os.environ["PATH"]))
    done = subprocess.run(
        ["node", "--test", "mine.test.mjs"],
        cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
