"""The pictures of docs/images: a recorded day in the middle, and its report. ``python -m tests.ops.page.pictures``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from bot.cli.show.reading import period, read_document
from bot.ops.page.picture import day_picture
from tests.ops.page.chromium import Page, browser, until

IMAGES = Path(__file__).parents[3] / "docs" / "images"
PORT = 9138
UNTIL = "17:10:00"
"""UTC: ten past twelve in New York, with a position open and trades behind it."""
DRAWN = "return document.documentElement.dataset.drawn"


def main() -> None:
    with tempfile.TemporaryDirectory() as state, browser() as page:
        _live(page, state)
        subprocess.run(
            [sys.executable, "-m", "bot", "report", "--state", state, "--html", f"{state}/day.html"],
            check=True,
        )
        found = period(Path(state, "journal.db"), None, None, None)
        drawn = day_picture(read_document(found)) if found is not None else None
        (IMAGES / "day-picture.png").write_bytes(drawn or b"")
        page.resize(1280, 1180)
        page.prefer("light")
        _take(page, Path(state, "day.html").as_uri(), "page-report.png")


def _live(page: Page, state: str) -> None:
    command = [sys.executable, "-m", "bot", "run", "--state", state]
    environment = os.environ | {"MONITORING__METRICS_PORT": str(PORT)}
    run = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        until(lambda: _is_reached())
        for name, scheme, width, height in (
            ("page-live.png", "light", 1280, 1180),
            ("page-dark.png", "dark", 1280, 1180),
            ("page-phone.png", "light", 390, 1700),
        ):
            page.resize(width, height)
            page.prefer(scheme)
            _take(page, f"http://127.0.0.1:{PORT}/", name)
        run.wait()
    finally:
        run.terminate()


def _is_reached() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/document.json", timeout=60) as answer:
            told = json.load(answer)
    except OSError:
        return False
    at = str(told["at"] or "")[11:19]
    return at > UNTIL and any(one["quantity"] and one["is_proved"] for one in told["held"])


def _take(page: Page, url: str, name: str) -> None:
    page.open(url)
    page.wait(DRAWN)
    page.wait("return new Promise(done => setTimeout(() => done(true), 400))")
    page.screenshot(IMAGES / name)


if __name__ == "__main__":
    main()
