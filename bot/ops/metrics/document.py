"""The table of metric families in docs/monitoring.md; ``make docs`` writes it."""

from __future__ import annotations

from pathlib import Path

from bot.ops.metrics.endpoint import FAMILIES

DOCUMENT = Path(__file__).parents[3] / "docs" / "monitoring.md"
BEGIN, END = "<!-- families -->\n", "<!-- /families -->"


def metrics_as_markdown() -> str:
    """The table of all families."""
    rows = "\n".join(
        f"| {x.group} | `{x.full_name}` | {x.kind} | {', '.join(f'`{label}`' for label in x.labels) or '—'} | {x.help} |"
        for x in FAMILIES
    )
    return f"\n| group | family | kind | labels | meaning |\n|---|---|---|---|---|\n{rows}\n\n"


def renewed(text: str) -> str:
    """The document with the table as it is now. ValueError where its marks are missing."""
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"{DOCUMENT}: the marks {BEGIN.strip()} and {END} are missing")
    return before + BEGIN + metrics_as_markdown() + END + after
