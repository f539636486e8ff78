"""The daily report goes out with the day's result as every screen has it, and with the page's picture of the day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from loguru import logger

from bot.ops.alerts.alert import Alert, SendAlert
from bot.ops.alerts.events import DAY_REPORT
from bot.ops.page.document import Document
from bot.ops.page.picture import day_picture
from bot.ops.status.amounts import money


def with_the_day(put: SendAlert, document: Callable[[], Document]) -> SendAlert:
    """``put``, before which a daily report is given what the page shows at that moment. Whatever fails, the report goes out."""

    def send(alert: Alert) -> None:
        if alert.key.startswith(DAY_REPORT):
            try:
                alert = _shown(alert, document())
            except Exception as error:  # noqa: BLE001  a picture that fails must not keep the report back
                logger.warning("the daily report goes out without a picture ({})", type(error).__name__)
        put(alert)

    return send


def _shown(alert: Alert, now: Document) -> Alert:
    title, body, shown = alert.title, alert.body, now.money
    if shown is not None and shown.realized is not None and shown.fees is not None:
        parts = f"realised {money(shown.realized)} + open {money(shown.unrealized)} − fees {shown.fees:.2f}"
        body = f"day {money(shown.net)} = {parts}\n{body}"
        title = f"{title.rpartition(', ')[0]}, {money(shown.net)}"
    return replace(alert, title=title, body=body, picture=partial(day_picture, now))
