"""Channels by their addresses, through Apprise: https://github.com/caronc/apprise, whose address forms are used.

Rule: Apprise is loaded only where a channel is configured; on a small machine it takes a second. An address is a secret:
complaints name the setting it came from.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from loguru import logger

from bot.domain.errors import FixTheConfiguration
from bot.ops.alerts.address import Address
from bot.ops.alerts.alert import Alert, DrawPicture, Severity
from bot.ops.alerts.answers import answers
from bot.ops.alerts.queue import Channel, RetryLater

_MARKUP = re.compile(r"[<>&*_`~\[\]|]")
"""Of HTML and Markdown: what is left of a text that a service did not take."""


def open_channels(addresses: Iterable[Address]) -> list[Channel]:
    """(kind, deliver) for each address. FixTheConfiguration names the setting whose address cannot be used."""
    return [_open(address) for address in addresses]


def _open(address: Address) -> Channel:
    import apprise

    asset = apprise.AppriseAsset(async_mode=False, app_id="ibkr-options-bot", app_desc="trading bot")
    service = apprise.Apprise.instantiate(address.url, asset=asset, suppress_exceptions=True)
    if service is None:
        raise FixTheConfiguration(
            f"{address.setting}: (hidden) is no address that Apprise knows; copy it again from the service"
        )
    protocols = _protocols(service)
    if address.scheme is not None and address.scheme not in protocols:
        raise FixTheConfiguration(
            f"{address.setting}: (hidden) is no address of {address.scheme}; put it into monitoring.apprise_urls"
        )
    kinds = {
        Severity.INFO: apprise.NotifyType.INFO,
        Severity.WARNING: apprise.NotifyType.WARNING,
        Severity.CRITICAL: apprise.NotifyType.FAILURE,
    }

    # Longer than the service takes is split, and text is made fit for its markup.
    service.overflow_mode = apprise.OverflowMode.SPLIT
    sender = apprise.Apprise(asset=asset)
    sender.add(service)

    def send(title: str, body: str, severity: Severity, attached: str | None = None) -> bool:
        return bool(
            sender.notify(
                title=title,
                body=body,
                notify_type=kinds[severity],
                body_format=apprise.NotifyFormat.TEXT,
                attach=attached,
            )
        )

    def deliver(alert: Alert) -> bool:
        body = alert.body or alert.title
        with answers() as seen, pictured(alert, carries=service.attachment_support) as attached:
            if send(alert.title, body, alert.severity, attached):
                return True
        if seen.retry_after_s is not None:
            raise RetryLater(seen.retry_after_s)
        words = _MARKUP.sub(" ", alert.title), _MARKUP.sub(" ", body)
        is_refused = seen.status is not None and 400 <= seen.status < 500
        return is_refused and words != (alert.title, body) and send(*words, alert.severity)

    scheme = address.url.partition("://")[0].lower()
    return scheme if scheme in protocols else protocols[0], deliver


def _drawn(picture: DrawPicture) -> bytes | None:
    try:
        return picture()
    except Exception as error:  # noqa: BLE001  a picture that fails must not keep the alert back
        logger.warning("an alert goes out without its picture ({})", type(error).__name__)
        return None


@contextmanager
def pictured(alert: Alert, *, carries: bool) -> Iterator[str | None]:
    """The alert's picture as a file for as long as it is sent; None where there is none, or the service carries none."""
    drawn = _drawn(alert.picture) if alert.picture is not None and carries else None
    if drawn is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="ibkr-bot-") as folder:
        path = Path(folder, "day.png")
        path.write_bytes(drawn)
        yield str(path)


def _protocols(service: Any) -> tuple[str, ...]:
    """Apprise's own names of the service, the secure one first."""
    found: list[str] = []
    for names in (service.secure_protocol, service.protocol):
        found += [names] if isinstance(names, str) else list(names or ())
    return tuple(found)
