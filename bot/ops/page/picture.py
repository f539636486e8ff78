"""The day as a PNG: the page's verdict, result, candles with entries and exits, and trades, for a channel that carries pictures.

Drawn with Pillow, which is small, has wheels for a Raspberry Pi and brings a font; a headless browser would be half a gigabyte.
It is imported only where a picture is drawn; without it there is none, and the alert goes as text.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bot.domain.session import new_york_day
from bot.ops.page.document import Chart, Document, TradeMark
from bot.ops.page.wording import clock, signed

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

WIDTH, MARGIN = 1080, 40
"""Pixels, as wide as a phone shows."""
CHART_HEIGHT, ROW_HEIGHT = 420, 40
MOST_TRADES, MOST_CANDLES = 14, 130
BACK, CARD, INK, DIM, LINE = "#f6f7f9", "#ffffff", "#14171c", "#596273", "#e2e6ec"
GAIN, LOSS = "#16794c", "#b93a32"
MARKS = {
    "safe": ("#0b6e44", "#e3f5ec"),
    "watch": ("#7a5200", "#fdf3dc"),
    "danger": ("#b3261e", "#fdeae8"),
    "plain": (DIM, CARD),
}
"""The page's own light colours (``page.css``)."""
_PLAINER = str.maketrans({"−": "-", "–": "-", "×": "x", "→": "to", "’": "'"})
"""Pillow's own font has no signs beyond Latin-1's commonest."""


def day_picture(document: Document) -> bytes | None:
    """The document as PNG; None where Pillow is not installed."""
    try:
        from PIL import Image, ImageDraw
    except ImportError:
        return None
    charts = [chart for chart in document.charts if chart.bars][:2]
    rows = min(len(document.trades), MOST_TRADES) + bool(len(document.trades) > MOST_TRADES)
    height = 400 + len(charts) * (CHART_HEIGHT + 20) + rows * ROW_HEIGHT
    image = Image.new("RGB", (WIDTH, height), BACK)
    _Sheet(ImageDraw.Draw(image)).draw(document, charts)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


class _Sheet:
    """Draws from the top down."""

    def __init__(self, draw: ImageDraw) -> None:
        self._draw = draw
        self._y = MARGIN

    def draw(self, x: Document, charts: list[Chart]) -> None:
        self._verdict(x)
        self._result(x)
        for chart in charts:
            self._chart(chart, x.trades)
        self._trades(x)
        source = " ".join(filter(None, (x.source.trading, x.source.account, x.source.build)))
        self._text(MARGIN, self._y + 16, f"{x.title} - {source} - New York time", 22, DIM)

    def _text(self, left: int, top: int, text: str, size: int, colour: str, *, right: bool = False) -> None:
        from PIL import ImageFont

        font: Any = ImageFont.load_default(size)
        plain = text.translate(_PLAINER)
        start = left - self._draw.textlength(plain, font=font) if right else left
        self._draw.text((start, top), plain, fill=colour, font=font)

    def _verdict(self, x: Document) -> None:
        mark, back = MARKS[x.verdict.level]
        bottom = self._y + 110
        self._draw.rounded_rectangle((MARGIN, self._y, WIDTH - MARGIN, bottom), 12, fill=back)
        self._draw.rectangle((MARGIN, self._y + 8, MARGIN + 8, bottom - 8), fill=mark)
        self._text(MARGIN + 28, self._y + 14, x.verdict.word, 40, mark)
        self._text(MARGIN + 28, self._y + 68, _cut(x.verdict.reason, 84), 24, INK)
        self._y = bottom + 24

    def _result(self, x: Document) -> None:
        when = "" if x.at is None else f"{new_york_day(x.at):%a %d %b %Y}, {clock(x.at)}"
        self._text(MARGIN, self._y, when, 26, DIM)
        if x.money is not None:
            net = x.money.net
            self._text(
                WIDTH - MARGIN, self._y - 4, f"{signed(net)} {x.money.currency}", 44, _tone(net), right=True
            )
            parts = f"realised {signed(x.money.realized)} + open {signed(x.money.unrealized)}"
            fees = "unknown" if x.money.fees is None else f"{x.money.fees:.2f}"
            self._text(MARGIN, self._y + 62, f"{parts} − fees {fees}", 26, INK)
        self._y += 116

    # ── candles

    def _chart(self, chart: Chart, trades: tuple[TradeMark, ...]) -> None:
        top, left, right = self._y, MARGIN, WIDTH - MARGIN
        self._draw.rounded_rectangle((left, top, right, top + CHART_HEIGHT), 12, fill=CARD, outline=LINE)
        bars = candles(chart)
        low, high = min(bar[3] for bar in bars), max(bar[2] for bar in bars)
        inner, room = left + 24, right - left - 130
        self._text(inner, top + 12, chart.symbol, 26, INK)

        def height(price: float) -> float:
            return top + 60 + (CHART_HEIGHT - 90) * (high - price) / ((high - low) or 1.0)

        for price in (low, (low + high) / 2, high):
            self._draw.line((inner, height(price), inner + room, height(price)), fill=LINE)
            self._text(right - 16, int(height(price)) - 12, f"{price:.2f}", 22, DIM, right=True)
        step = room / len(bars)
        for n, (_, opened, up, down, closed, _) in enumerate(bars):
            middle, colour = inner + (n + 0.5) * step, GAIN if closed >= opened else LOSS
            self._draw.line((middle, height(up), middle, height(down)), fill=colour)
            body = sorted((height(opened), height(closed)))
            self._draw.rectangle(
                (middle - step * 0.35, body[0], middle + step * 0.35, max(body[1], body[0] + 1)), fill=colour
            )
        shown = [trade for trade in trades if trade.symbol == chart.symbol]
        for n, trade in enumerate(shown):
            self._mark(trade, bars, inner, step, top + 9 * (n % 2))
        self._y = top + CHART_HEIGHT + 20

    def _mark(self, x: TradeMark, bars: list[Any], inner: int, step: float, top: int) -> None:
        """A line from the entry to the exit along the bottom: green for a gain, red for a loss, grey while open."""
        first = bars[0][0]
        width = (bars[-1][0] - first) / max(1, len(bars) - 1) or 60
        begin = inner + (x.opened_at.timestamp() - first) / width * step
        end = (
            inner + ((x.closed_at.timestamp() if x.closed_at else bars[-1][0] + width) - first) / width * step
        )
        y = top + CHART_HEIGHT - 24
        self._draw.line((begin, y, end, y), fill=_tone(x.result), width=7)
        self._draw.line((begin, top + 60, begin, y), fill=DIM)
        self._text(int(begin) + 4, y - 34, "call" if x.right == "C" else "put", 20, DIM)

    # ── trades

    def _trades(self, x: Document) -> None:
        for trade in x.trades[-MOST_TRADES:]:
            span = f"{clock(trade.opened_at)}–{clock(trade.closed_at)}"
            prices = (
                f"{trade.entry:.2f} → {trade.exit:.2f}" if trade.exit is not None else f"{trade.entry:.2f}"
            )
            self._text(MARGIN, self._y, span, 24, DIM)
            self._text(MARGIN + 170, self._y, f"{trade.quantity} {trade.label}", 24, INK)
            self._text(MARGIN + 540, self._y, f"{prices}  {trade.reason.replace('_', ' ')}", 24, DIM)
            self._text(
                WIDTH - MARGIN,
                self._y,
                signed(trade.result) if trade.result is not None else "open",
                24,
                _tone(trade.result),
                right=True,
            )
            self._y += ROW_HEIGHT
        if len(x.trades) > MOST_TRADES:
            self._text(MARGIN, self._y, f"and {len(x.trades) - MOST_TRADES} before these", 24, DIM)
            self._y += ROW_HEIGHT


def candles(chart: Chart) -> list[tuple[int, float, float, float, float, float]]:
    """The chart's bars, so many of them in one that a phone can tell them apart."""
    size = -(-len(chart.bars) // MOST_CANDLES)
    return list(_merged(chart, size))


def _merged(chart: Chart, size: int) -> Iterator[tuple[int, float, float, float, float, float]]:
    for start in range(0, len(chart.bars), size):
        part = chart.bars[start : start + size]
        high, low = max(bar[2] for bar in part), min(bar[3] for bar in part)
        yield part[0][0], part[0][1], high, low, part[-1][4], sum(bar[5] for bar in part)


def _tone(amount: Any) -> str:
    return DIM if amount is None else GAIN if amount > 0 else LOSS if amount < 0 else INK


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
