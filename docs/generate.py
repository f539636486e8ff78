"""Everything that is made from the code: ``make docs`` writes it, ``--check`` only names what would change (exit code 1).

The gauntlet's scorecard is not among it: it is the record of a run, and ``make gauntlet`` writes it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from bot.config.template import as_yaml
from bot.ops.metrics.document import renewed
from bot.risk.denials import denials_as_markdown
from bot.selection.no_contract import no_contracts_as_markdown
from docs import demo_day, message_kinds, option_market, risk_examples
from docs.role_readmes import readmes
from grafana.generate import DASHBOARDS, as_json

ROOT = Path(__file__).resolve().parents[1]


def documents() -> Iterator[tuple[Path, str]]:
    """Each generated file with what it should hold."""
    yield ROOT / "configs" / "settings.yaml", as_yaml()
    yield ROOT / "docs" / "denials.md", denials_as_markdown() + no_contracts_as_markdown()
    monitoring = ROOT / "docs" / "monitoring.md"
    yield monitoring, renewed(monitoring.read_text(encoding="utf-8"))
    risk = ROOT / "docs" / "risk.md"
    yield risk, risk_examples.renewed(risk.read_text(encoding="utf-8"))
    yield ROOT / "docs" / "option-market.md", option_market.as_markdown()
    conformance = ROOT / "docs" / "conformance.md"
    yield conformance, message_kinds.renewed(conformance.read_text(encoding="utf-8"))
    readme = ROOT / "README.md"
    yield readme, demo_day.renewed(readme.read_text(encoding="utf-8"))
    for name in DASHBOARDS:
        yield ROOT / "grafana" / "dashboards" / name, as_json(name)
    yield from readmes()


def main(arguments: list[str]) -> int:
    """Write what is not current and name it; with ``--check`` name it only."""
    stale = [
        (path, text)
        for path, text in documents()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path, text in stale:
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
        sys.stdout.write(
            f"{path.relative_to(ROOT)} {'is not current' if '--check' in arguments else 'written'}\n"
        )
    if stale and "--check" in arguments:
        sys.stdout.write("run: make docs\n")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
