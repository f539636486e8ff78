"""The day's picture goes with the daily report to a channel that carries one, and nothing that fails keeps the report back."""

from __future__ import annotations

import base64
import io
import json
import sys
from typing import Any

import pytest
from PIL import Image

from bot.assembly.day_picture import with_the_day
from bot.domain import messages as m
from bot.ops.alerts.address import Address
from bot.ops.alerts.alert import Alert, Severity
from bot.ops.alerts.channels import open_channels
from bot.ops.alerts.outbox import DeliveryPolicy
from bot.ops.alerts.queue import AlertQueue
from bot.ops.metrics.family import Constants
from bot.ops.page.build import live_document
from bot.ops.page.document import Document
from bot.ops.page.picture import MOST_CANDLES, WIDTH, candles, day_picture
from tests.ops.page.moments import DONE, HOLDING, QUIET, Moment
from tests.ops.receivers import receiving

REPORT = Alert("report:2011-01-05", Severity.INFO, "Wed 05 Jan: 1 trade, +0.00", "1 of 1 won")


def document(messages: list[m.Message] = DONE) -> Document:
    moment = Moment(messages)
    return live_document(moment.builder.status, moment.recorder.picture(), Constants(), {})


def received(alert: Alert) -> dict[str, Any]:
    """What a service gets, that carries pictures."""
    with receiving(200) as receiver:
        channels = open_channels([Address("monitoring.apprise_urls", receiver.url)])
        queue = AlertQueue(channels, manners=DeliveryPolicy(keep_s=60.0))
        try:
            with_the_day(queue.put, document)(alert)
            ((_, body),) = receiver.wait(1)
        finally:
            queue.close(1.0)
    told: dict[str, Any] = json.loads(body)
    return told


def test_the_daily_report_carries_the_day_s_result_and_its_picture() -> None:
    told = received(REPORT)
    assert told["title"] == "Wed 05 Jan: 1 trade, +71.10"
    assert str(told["message"]).startswith("day +71.10 = realised +75.00 + open +0.00 − fees 3.90")
    (attached,) = told["attachments"]
    image = Image.open(io.BytesIO(base64.b64decode(attached["base64"])))
    assert (image.format, image.width) == ("PNG", WIDTH)


def test_any_other_alert_goes_without() -> None:
    assert received(Alert("halt:1", Severity.WARNING, "Halted", "by me"))["attachments"] == []


def test_without_a_renderer_the_report_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    told = received(REPORT)
    assert told["attachments"] == []
    assert "+71.10" in str(told["title"])


def test_a_picture_or_a_page_that_fails_keeps_no_report_back() -> None:
    def broken() -> Document:
        raise RuntimeError("no page")

    sent: list[Alert] = []
    with_the_day(sent.append, broken)(REPORT)
    assert sent == [REPORT]

    def undrawable() -> bytes:
        raise OSError("no memory")

    assert received(Alert("x", Severity.INFO, "t", "b", undrawable))["attachments"] == []


@pytest.mark.parametrize("messages", [QUIET, HOLDING, DONE, []], ids=["quiet", "holding", "done", "nothing"])
def test_any_moment_can_be_drawn(messages: list[m.Message]) -> None:
    drawn = day_picture(document(messages))
    assert drawn is not None
    image = Image.open(io.BytesIO(drawn))
    assert len(image.convert("RGB").getcolors(image.width * image.height) or ()) > 3


def test_candles_are_few_enough_for_a_phone_and_lose_no_extreme() -> None:
    (chart,) = document().charts
    merged = candles(chart)
    assert len(merged) <= MOST_CANDLES
    assert max(bar[2] for bar in merged) == max(bar[2] for bar in chart.bars)
    assert min(bar[3] for bar in merged) == min(bar[3] for bar in chart.bars)
    assert (merged[0][1], merged[-1][4]) == (chart.bars[0][1], chart.bars[-1][4])
