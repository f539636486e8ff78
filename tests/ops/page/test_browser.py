"""The page in a real browser: the status's own figures, live, on a phone, in the dark, offline, and never silent."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain import messages as m
from bot.ops.metrics.endpoint import Metrics
from bot.ops.page.document import Held, PageEvent
from bot.ops.page.drawings import Axis, HeatMap, Parallel
from bot.ops.page.feed import LiveFeed
from bot.ops.page.render import as_file
from bot.ops.page.server import Site, serve_page
from bot.ops.report.book import book_of
from bot.ops.report.documents import day_document, period_document
from tests.journal.makers import BAR_END, IDEA
from tests.ops.page.chromium import DRIVER, Page, browser, until
from tests.ops.page.moments import DONE, HOLDING, QUIET, Moment

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(DRIVER is None, reason="no browser: apt install chromium chromium-driver"),
    pytest.mark.xdist_group("browser"),
]

DRAWN = "return document.documentElement.dataset.drawn"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser() as tab:
        yield tab


class Bot:
    """A page that is served, and the moment that it shows."""

    def __init__(self) -> None:
        self.moment = Moment(QUIET)
        feed = LiveFeed()
        feed.watch(lambda: self.moment.builder.status, lambda: self.moment.recorder.picture())
        self.port, self.close = serve_page(Site(feed.document, Metrics().app(), "127.0.0.1"), "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.port}/"


@pytest.fixture
def bot(page: Page) -> Iterator[Bot]:
    page.resize(1280, 900)
    page.prefer("light")
    page.open("about:blank")
    page.complaints()
    served = Bot()
    yield served
    served.close()


def _figures(text: str) -> list[Decimal]:
    return [Decimal(word.replace("−", "-").replace(",", "")) for word in text.split() if word[-1].isdigit()]


def test_the_figures_on_the_page_are_the_status_s(page: Page, bot: Bot) -> None:
    bot.moment = Moment(HOLDING)
    page.open(bot.url)
    page.wait(DRAWN)
    pnl = bot.moment.builder.status.pnl
    assert _figures(page.text("#money .sum")) == [pnl.realized, pnl.unrealized, pnl.fees, pnl.net]
    assert page.text("#net") == f"+{pnl.net:.2f} USD"
    held = page.text("#held")
    assert "3 SPY 2011-01-07 127 C" in held
    assert "cost 237.00" in held
    assert "+18.00" in held
    assert "✓ stop proved" in held
    assert page.complaints() == []


def test_it_follows_the_bot_without_a_reload(page: Page, bot: Bot) -> None:
    page.open(bot.url)
    page.wait(DRAWN)
    page.run("window.stays = true")
    assert page.text("#held") == "HELD Nothing is held."
    bot.moment = Moment(DONE)
    until(lambda: "+71.10" in page.text("#net"))
    assert "Closed SPY 7 Jan 127 call, +71.10" in page.text("#events")
    assert page.run("return window.stays") is True
    assert page.run("return document.querySelectorAll('#chart canvas').length") > 0


def test_the_tab_says_what_is_wrong_and_the_page_what_to_do(page: Page, bot: Bot) -> None:
    page.open(bot.url)
    until(lambda: page.title == "Safe · ibkr-options-bot")
    lost = m.ProtectionChanged(IDEA, False, 3, 0, 0.0, BAR_END + timedelta(minutes=3))
    bot.moment = Moment([*HOLDING, lost, m.TimePassed(lost.at + timedelta(seconds=30))])
    until(lambda: page.title == "⚠ Not protected · ibkr-options-bot")
    assert "ibkr-bot flatten" in page.text("#verdict")
    assert page.run("return document.querySelector('#verdict').getAttribute('role')") == "status"


def test_a_bot_that_does_not_answer_is_not_taken_for_safe(page: Page, bot: Bot) -> None:
    page.open(bot.url)
    until(lambda: page.title.startswith("Safe"))
    bot.close()
    until(lambda: page.title == "⚠ No answer · ibkr-options-bot")
    assert "last word is of Wed, 5 Jan 2011, 10:34:00 New York" in page.text("#verdict")
    bot.close = lambda: None


def test_on_a_phone_nothing_sticks_out_and_what_is_held_is_under_the_verdict(page: Page, bot: Bot) -> None:
    bot.moment = Moment(HOLDING)
    page.resize(390, 844)
    page.open(bot.url)
    page.wait(DRAWN)
    assert page.run("return document.documentElement.scrollWidth <= window.innerWidth")
    tops = page.run(
        "return ['verdict', 'held', 'money', 'chart', 'events'].map(id => document.getElementById(id).offsetTop)"
    )
    assert tops == sorted(tops)


CONTRAST = """
const parse = (text) => text.match(/[\\d.]+/g).map(Number);
const over = (top, below) => { const a = top[3] ?? 1; return top.slice(0, 3).map((value, n) => value * a + below[n] * (1 - a)); };
const light = (rgb) => {
  const [r, g, b] = rgb.map((value) => value / 255).map((x) => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (node) => node ? over(parse(getComputedStyle(node).backgroundColor), behind(node.parentElement)) : [255, 255, 255];
const found = [];
for (const node of document.querySelectorAll('main *')) {
  const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
  if (!own || !node.offsetParent) continue;
  const [a, b] = [light(over(parse(getComputedStyle(node).color), behind(node))), light(behind(node))].sort((x, y) => y - x);
  if ((a + 0.05) / (b + 0.05) < 4.5) found.push(node.textContent.trim() + ' ' + ((a + 0.05) / (b + 0.05)).toFixed(2));
}
return found;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("messages", [HOLDING, DONE], ids=["holding", "done"])
def test_every_text_stands_out_from_what_is_behind_it(
    page: Page, bot: Bot, scheme: str, messages: list[m.Message]
) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1."""
    bot.moment = Moment(messages)
    page.prefer(scheme)
    page.open(bot.url)
    page.wait(DRAWN)
    assert page.run(CONTRAST) == []


# ── as a file ──


def _file(tmp_path: Path, text: str) -> str:
    path = tmp_path / "report.html"
    path.write_text(text, encoding="utf-8")
    return path.as_uri()


def test_a_report_opened_from_disk_draws_itself_and_asks_nobody(page: Page, bot: Bot, tmp_path: Path) -> None:
    text = as_file(day_document(book_of(DONE), Moment(DONE).recorder.picture()))
    page.open(_file(tmp_path, text))
    page.wait(DRAWN)
    assert page.text("#net") == "+71.10 USD"
    assert "SPY 2011-01-07 127 C" in page.text("#wide table")
    assert page.run("return document.querySelectorAll('#chart canvas').length") > 0
    assert page.run("return performance.getEntriesByType('resource').length") == 0
    assert page.complaints() == []


def test_a_period_opened_from_disk_shows_its_groups(page: Page, bot: Bot, tmp_path: Path) -> None:
    day = BAR_END.date()
    page.open(_file(tmp_path, as_file(period_document(book_of(DONE), day, day))))
    page.wait(DRAWN)
    assert "BY STRATEGY" in page.text("#wide")
    assert page.complaints() == []


def test_what_is_unknown_is_drawn_below_the_axes_and_not_as_a_figure(
    page: Page, bot: Bot, tmp_path: Path
) -> None:
    lines = ((0.0, None, None), (1.0, -0.5, None), (1.0, 0.5, None))
    drawn = Parallel("Trials", (Axis("fast", ("5", "8")), Axis("Sharpe"), Axis("nobody knows")), lines, 1)
    heat = HeatMap("Map", "a", "b", ("1",), ("1", "2"), ((None, 0.0),))
    document = day_document(book_of(DONE), Moment(DONE).recorder.picture())
    document = replace(document, kind="backtest", parallels=(drawn,), heat_maps=(heat,))
    page.open(_file(tmp_path, as_file(document)))
    page.wait(DRAWN)

    lowest = page.run("return Number(document.querySelector('.figure .axis').getAttribute('y2'))")
    paths = page.run("return [...document.querySelectorAll('.trial')].map((x) => x.getAttribute('d'))")
    heights = [[float(place.split()[1]) for place in path[1:].split("L")] for path in paths]
    assert [[height > lowest for height in line] for line in heights] == [
        [False, True, True], [False, False, True], [False, False, True]
    ]  # fmt: skip
    assert page.run("return document.querySelectorAll('.trial.unknown').length") == 1
    ticks = page.run("return [...document.querySelectorAll('.tick')].map((x) => x.textContent)")
    assert ticks == ["5", "8", "−0.5", "0", "0.5", "unknown", "unknown"]
    told = page.run("return document.querySelector('.trial.unknown title').textContent")
    assert told == "fast 5 · Sharpe unknown · nobody knows unknown"
    assert page.run("return [...document.querySelectorAll('.heat td')].map((x) => x.textContent)") == [
        "—",
        "0.00",
    ]
    assert page.complaints() == []


def test_a_position_whose_price_nobody_knows_has_no_mark_of_it(page: Page, bot: Bot, tmp_path: Path) -> None:
    bot.moment = Moment(HOLDING)
    page.open(bot.url)
    held = page.wait("return fetch('document.json').then((answer) => answer.json())")["held"][0]
    document = day_document(book_of(HOLDING), Moment(HOLDING).recorder.picture())
    one = Held(**{**held, "price": None, "cost": None})
    page.open(_file(tmp_path, as_file(replace(document, held=(one,)))))
    page.wait(DRAWN)

    assert "paid" not in page.text(".ladder")
    assert page.run("return document.querySelectorAll('.ladder .moved').length") == 0


def test_what_a_broker_said_cannot_run(page: Page, bot: Bot, tmp_path: Path) -> None:
    evil = "</script><img src=x onerror='window.hacked = 1'><script>window.hacked = 1</script>"
    document = day_document(book_of(DONE), Moment(DONE).recorder.picture())
    events = (PageEvent(BAR_END, evil, evil, "bad"),)
    page.open(_file(tmp_path, as_file(replace(document, title=evil, events=events))))
    page.wait(DRAWN)
    assert evil in page.run("return document.querySelector('#events').innerText")
    assert page.run("return window.hacked || 0") == 0


# ── beside the whole bot ──


def test_the_page_lives_while_a_day_is_traded(page: Page, tmp_path: Path) -> None:
    page.resize(1280, 900)
    port = _free_port()
    environment = os.environ | {"MONITORING__METRICS_PORT": str(port)}
    command = [sys.executable, "-m", "bot", "run", "--speed", "300", "--state", str(tmp_path)]
    run = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: _answers(port))
        page.open(f"http://127.0.0.1:{port}/")
        page.complaints()
        page.wait("return document.querySelectorAll('#chart canvas').length > 0")
        first = page.text("#head time")
        until(lambda: page.text("#head time") != first)
        told = subprocess.run(
            [sys.executable, "-m", "bot", "status", "--json", "--state", str(tmp_path)], capture_output=True, check=True
        )  # fmt: skip
        assert json.loads(told.stdout)["verdict"]["word"]
        assert page.complaints() == []
    finally:
        run.terminate()
        run.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/document.json", timeout=60) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
