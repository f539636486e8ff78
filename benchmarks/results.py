"""What earlier runs found, and the page that shows it: ``benchmarks/results/*.json`` → ``docs/benchmarks.md`` and its picture."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from benchmarks.figures import Figure

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE, PICTURE = ROOT / "docs" / "benchmarks.md", ROOT / "docs" / "images" / "benchmarks.svg"
BEGIN, END = "<!-- begin of the results -->", "<!-- end of the results -->"
_WHOLE_FROM = 1000
_WIDTH, _LEFT, _ROW, _BAR = 860, 330, 26, 380


@dataclass(frozen=True, slots=True)
class Part:
    """What one part found, when, and how busy the machine was."""

    at: datetime
    load: float
    figures: tuple[Figure, ...]


def keep(parts: dict[str, Part], machine: str, sessions: int) -> None:
    """Store one run, and show it with those before it. What the day's last run found in other parts stays in it."""
    RESULTS.mkdir(exist_ok=True)
    at = max(part.at for part in parts.values())
    last = max(RESULTS.glob(f"{at:%Y-%m-%d}*.json"), default=None)
    earlier = {} if last is None else json.loads(last.read_text(encoding="utf-8")).get("parts", {})
    run = merged(earlier, parts, machine, sessions)
    if last is not None and earlier:
        last.unlink()
    (RESULTS / f"{at:%Y-%m-%dT%H%M}.json").write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
    write_page()


def merged(earlier: dict[str, Any], parts: dict[str, Part], machine: str, sessions: int) -> dict[str, Any]:
    """A run as it is stored: of each part the newest, in the order of first sight."""
    all_parts = dict(earlier)
    for name, part in parts.items():
        figures = [asdict(x) for x in part.figures]
        all_parts[name] = {
            "at": part.at.isoformat(timespec="seconds"),
            "load": round(part.load, 1),
            "figures": figures,
        }
    return {
        "at": max(part["at"] for part in all_parts.values()),
        "machine": machine,
        "sessions": sessions,
        "parts": all_parts,
        "figures": [x for part in all_parts.values() for x in part["figures"]],
    }


def write_page() -> None:
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))]
    PICTURE.write_text(picture(runs), encoding="utf-8")
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(
        f"{head}{BEGIN}\n\n{as_markdown(runs[-1])}\n{END}{rest.partition(END)[2]}", encoding="utf-8"
    )


def as_markdown(run: dict[str, Any]) -> str:
    head = f"{run['at']} UTC, {run['machine']}; {run['sessions']} sessions."
    loads = [f"{name} {part['load']} at {part['at'][11:16]}" for name, part in run.get("parts", {}).items()]
    if loads:
        head += f" Load while it was measured: {', '.join(loads)}."
    return "\n".join([head, "", *table_lines(Figure(**raw) for raw in run["figures"])]) + "\n"


def table_lines(figures: Iterable[Figure]) -> list[str]:
    """A table of Markdown; what is missed says so."""
    lines = ["| what | figure | reach | |", "|---|--:|--:|---|"]
    for x in figures:
        verdict = x.note if x.is_reached else f"**missed** {x.note}"
        value = f"{x.value:,.0f}" if abs(x.value) >= _WHOLE_FROM else f"{x.value:.3g}"
        lines.append(f"| {x.name} | {value} {x.unit} | {x.reach_text} | {verdict} |")
    return lines


def picture(runs: list[dict[str, Any]]) -> str:
    """Each figure as a part of its reach, a dot a run, the newest dark: left of the line is within it."""
    judged = [x["name"] for x in runs[-1]["figures"] if x["reach"]]
    height, middle = 50 + _ROW * len(judged), _LEFT + _BAR / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        f'<line x1="{middle}" x2="{middle}" y1="24" y2="{height - 14}" stroke="#888" stroke-dasharray="4 3"/>',
        f'<text x="{middle}" y="16" text-anchor="middle" fill="#555">the reach</text>',
    ]
    for row, name in enumerate(judged):
        y = 44 + row * _ROW
        parts.append(f'<text x="{_LEFT - 12}" y="{y + 4}" text-anchor="end">{escape(name)}</text>')
        for number, run in enumerate(runs):
            parts += [
                _dot(x, y, is_last=number == len(runs) - 1)
                for x in run["figures"]
                if x["name"] == name and x["reach"]
            ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _dot(x: dict[str, Any], y: int, *, is_last: bool) -> str:
    used = x["reach"] / x["value"] if x["is_floor"] and x["value"] else x["value"] / x["reach"]
    across = _LEFT + min(used, 2.0) * _BAR / 2
    title = f"{x['value']:.3g} {x['unit']} of {x['reach']:g}"
    colour = "#1f4e8c" if is_last and used <= 1 else "#b3261e" if is_last else "#b9c7da"
    return f'<circle cx="{across:.0f}" cy="{y}" r="{5 if is_last else 3}" fill="{colour}"><title>{escape(title)}</title></circle>'
