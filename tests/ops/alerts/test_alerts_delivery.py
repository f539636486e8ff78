"""Alerts over real HTTP, to receivers that answer well, ask for time_scale, fail, or say nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.domain.errors import FixTheConfiguration
from bot.ops.alerts.address import DISCORD, SLACK, TELEGRAM, Address
from bot.ops.alerts.alert import Alert, Severity
from bot.ops.alerts.channels import open_channels
from bot.ops.alerts.outbox import DeliveryPolicy
from bot.ops.alerts.queue import AlertQueue, Deliver, RetryLater
from tests.ops.receivers import TIMEOUT_S, receiving

PATIENT = DeliveryPolicy(keep_s=60.0, retry_first_s=0.01, retry_most_s=0.05)
SOON_GIVEN_UP = DeliveryPolicy(keep_s=0.2, retry_first_s=0.01, retry_most_s=0.05)
NEWS = Alert("a", Severity.WARNING, "Halted by me", "because of smoke")
HOOK_TOKEN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Noted:
    """What became of the alerts."""

    def __init__(self) -> None:
        self.outcomes: list[tuple[str, bool]] = []
        self._changed = threading.Condition()

    def __call__(self, kind: str, is_delivered: bool) -> None:
        with self._changed:
            self.outcomes.append((kind, is_delivered))
            self._changed.notify_all()

    def wait(self, count: int) -> list[tuple[str, bool]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.outcomes) >= count, TIMEOUT_S)
            return self.outcomes


@contextmanager
def queue_to(
    *urls: str, noted: Noted | None = None, secrets: tuple[str, ...] = (), policy: DeliveryPolicy = PATIENT
) -> Iterator[AlertQueue]:
    channels = open_channels(Address("monitoring.apprise_urls", url) for url in urls)
    queue = AlertQueue(channels, manners=policy, prefix="[paper] ", secrets=secrets, note=noted or Noted())
    try:
        yield queue
    finally:
        queue.close(1.0)


def test_a_receiver_gets_the_alert_whole() -> None:
    noted = Noted()
    with receiving(200) as receiver, queue_to(receiver.url, noted=noted) as queue:
        queue.put(NEWS)
        ((_, body),) = receiver.wait(1)
        assert noted.wait(1) == [("json", True)]

    told = json.loads(body)
    assert (told["title"], told["message"], told["type"]) == (
        "[paper] Halted by me",
        "because of smoke",
        "warning",
    )


@pytest.mark.parametrize("refusal", [429, 500])
def test_a_refusal_is_tried_again_until_it_is_taken(refusal: int) -> None:
    noted = Noted()
    with receiving(refusal, refusal, 200) as receiver, queue_to(receiver.url, noted=noted) as queue:
        queue.put(NEWS)
        assert noted.wait(1) == [("json", True)]
        assert len(receiver.requests) == 3
        assert queue.failures == {"json": 0}


def test_a_receiver_that_always_refuses_is_given_up_and_counted() -> None:
    noted = Noted()
    with receiving(500) as receiver, queue_to(receiver.url, noted=noted, policy=SOON_GIVEN_UP) as queue:
        queue.put(NEWS)
        assert noted.wait(1) == [("json", False)]
        assert receiver.requests
        assert queue.failures == {"json": 1}


def test_a_silent_receiver_delays_neither_the_line_nor_another_channel() -> None:
    with receiving(0) as silent, receiving(200) as other, queue_to(f"{silent.url}?rto=5", other.url) as queue:
        for n in range(5):
            queue.put(Alert(str(n), Severity.INFO, str(n)))
        other.wait(5)
        assert len(silent.requests) <= 1


def test_nobody_there_is_a_failure_and_no_exception() -> None:
    noted = Noted()
    with receiving(200) as gone:
        pass
    with queue_to(gone.url, noted=noted, policy=SOON_GIVEN_UP) as queue:
        queue.put(NEWS)
        assert noted.wait(1) == [("json", False)]


def test_a_critical_alert_outlives_a_router_that_restarts() -> None:
    noted = Noted()
    with (
        receiving(*[503] * 12, 200) as receiver,
        queue_to(receiver.url, noted=noted, policy=SOON_GIVEN_UP) as queue,
    ):
        queue.put(Alert("danger", Severity.CRITICAL, "UNPROTECTED", "10 SPY calls"))
        assert noted.wait(1) == [("json", True)]
        assert queue.failures == {"json": 0}


def test_a_channel_that_raises_is_a_channel_that_failed() -> None:
    def broken(_: Alert) -> bool:
        raise RuntimeError("a library's mistake")

    noted = Noted()
    queue = AlertQueue([("odd", broken)], manners=SOON_GIVEN_UP, note=noted)
    queue.put(NEWS)

    assert noted.wait(1) == [("odd", False)]
    queue.close(1.0)


def test_what_waits_at_the_end_still_leaves() -> None:
    with receiving(200) as receiver:
        channels = open_channels([Address("monitoring.apprise_urls", receiver.url)])
        queue = AlertQueue(channels, manners=DeliveryPolicy(per_minute=1))
        for n in range(4):
            queue.put(Alert(str(n), Severity.INFO, f"event {n}"))
        queue.close(TIMEOUT_S)

        bodies = "".join(body for _, body in receiver.requests)
    assert all(f"event {n}" in bodies for n in range(4))


def test_a_secret_in_an_alert_is_blotted_out() -> None:
    secret = "hunter2-not-a-real-password"
    with receiving(200) as receiver, queue_to(receiver.url, secrets=(secret,)) as queue:
        queue.put(Alert("a", Severity.INFO, f"log-in {secret}", f"refused for {secret}"))
        ((_, body),) = receiver.wait(1)

    assert secret not in body
    assert json.loads(body)["message"] == "refused for •••"


# ── the channels with settings of their own, at a server that stands in for the service ──


def test_discord_gets_its_alert_at_the_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    from apprise.plugins.discord import NotifyDiscord

    url = f"https://discord.com/api/webhooks/123456789012345678/{HOOK_TOKEN}"
    with receiving(204) as receiver:
        monkeypatch.setattr(NotifyDiscord, "notify_url", f"http://127.0.0.1:{receiver.port}/api/webhooks")
        ((kind, deliver),) = open_channels([Address("monitoring.discord_webhook_url", url, DISCORD)])
        assert deliver(NEWS)

    assert kind == "discord"
    assert receiver.requests[0][0].startswith(f"/api/webhooks/123456789012345678/{HOOK_TOKEN}")
    assert "because of smoke" in receiver.requests[0][1]


def test_slack_gets_its_alert_at_the_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    from apprise.plugins.slack import NotifySlack

    url = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    with receiving(200) as receiver:
        monkeypatch.setattr(NotifySlack, "webhook_url", f"http://127.0.0.1:{receiver.port}/services")
        ((kind, deliver),) = open_channels([Address("monitoring.slack_webhook_url", url, SLACK)])
        deliver(NEWS)

    assert kind == "slack"
    assert receiver.requests[0][0] == "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    assert "because of smoke" in receiver.requests[0][1]


def test_telegram_gets_its_alert_for_the_chat(monkeypatch: pytest.MonkeyPatch) -> None:
    from apprise.plugins.telegram import NotifyTelegram

    token = "123456789:ABCdefGHIjklMNOpqrSTUvwxYZabcdefghi"
    with receiving(200) as receiver:
        monkeypatch.setattr(NotifyTelegram, "notify_url", f"http://127.0.0.1:{receiver.port}/bot")
        address = Address("monitoring.telegram_bot_token", f"tgram://{token}/4711/", TELEGRAM)
        ((kind, deliver),) = open_channels([address])
        deliver(NEWS)

    assert kind == "tgram"
    path, body = receiver.requests[0]
    assert path == f"/bot{token}/sendMessage"
    assert "4711" in body
    assert "because of smoke" in body


def telegram(monkeypatch: pytest.MonkeyPatch, port: int) -> Deliver:
    from apprise.plugins.telegram import NotifyTelegram

    token = "123456789:ABCdefGHIjklMNOpqrSTUvwxYZabcdefghi"
    monkeypatch.setattr(NotifyTelegram, "notify_url", f"http://127.0.0.1:{port}/bot")
    address = Address("monitoring.telegram_bot_token", f"tgram://{token}/4711/", TELEGRAM)
    ((_, deliver),) = open_channels([address])
    return deliver


def test_angle_brackets_are_escaped_and_long_texts_split(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(200) as receiver:
        assert telegram(monkeypatch, receiver.port)(Alert("a", Severity.INFO, "1 < 2 & <b>", "x < y " * 900))

    texts = [json.loads(body)["text"] for _, body in receiver.requests]
    assert "1 &lt; 2 &amp; &lt;b&gt;" in texts[0]
    assert max(len(text) for text in texts) <= 4096
    assert sum(text.count("&lt; y") for text in texts) >= 890


def test_a_text_that_a_service_does_not_take_is_sent_once_more_as_plain_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with receiving(400, 200) as receiver:
        assert telegram(monkeypatch, receiver.port)(
            Alert("a", Severity.INFO, "stop < bid", "<spread> & more")
        )

    assert len(receiver.requests) == 2
    assert "&" not in json.loads(receiver.requests[-1][1])["text"]


def test_a_service_says_how_long_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = (
        b'{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":180}}'
    )
    with receiving(429, body=asked) as receiver, pytest.raises(RetryLater) as error:
        telegram(monkeypatch, receiver.port)(NEWS)

    assert error.value.after_s == 180


@pytest.mark.parametrize(
    ("setting", "url", "scheme"),
    [
        ("monitoring.discord_webhook_url", f"https://example.com/{HOOK_TOKEN}", DISCORD),
        (
            "monitoring.slack_webhook_url",
            f"https://discord.com/api/webhooks/123456789012345678/{HOOK_TOKEN}",
            SLACK,
        ),
        ("monitoring.apprise_urls", f"nonsense {HOOK_TOKEN}", None),
    ],
)
def test_an_address_of_another_kind_names_its_setting_and_hides_itself(
    setting: str, url: str, scheme: str | None
) -> None:
    with pytest.raises(FixTheConfiguration, match=setting) as error:
        open_channels([Address(setting, url, scheme)])

    assert HOOK_TOKEN not in str(error.value)


def test_bad_news_reaches_a_channel_within_five_seconds_while_another_hangs() -> None:
    """A hundred events at once, over HTTP: 99 of 100 are accepted within 5 s of their event."""
    waited, all_told = list[float](), threading.Event()

    def note(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 100:
            all_told.set()

    with receiving(0) as silent, receiving(200) as other:
        addresses = [Address("monitoring.apprise_urls", url) for url in (f"{silent.url}?rto=60", other.url)]
        queue = AlertQueue(open_channels(addresses), time_of=note)
        for n in range(100):
            queue.put(Alert(f"{n}", Severity.CRITICAL, "Halted", "because of smoke"))
        assert all_told.wait(60)
        queue.close(0.0)
    assert sorted(waited)[98] <= 5


def test_the_time_to_a_channels_acceptance_counts_its_retries() -> None:
    """Fifty events at once, and a service that refuses twice: every one is measured, from its own moment on."""
    noted, waited = Noted(), list[float]()
    refusals = iter((False, False))

    def deliver(_: Alert) -> bool:
        return next(refusals, True)

    queue = AlertQueue([("fake", deliver)], manners=PATIENT, note=noted, time_of=waited.append)
    for n in range(50):
        queue.put(Alert(f"event {n}", Severity.CRITICAL, "Halted", ""))
    noted.wait(1)
    queue.close(TIMEOUT_S)
    assert len(waited) == 50
    assert max(waited) >= PATIENT.retry_first_s
