"""The outbox's manners, with a clock the test moves."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.ops.alerts.alert import Alert, Severity
from bot.ops.alerts.outbox import DeliveryPolicy, Outbox


def alert(key: str, severity: Severity = Severity.INFO) -> Alert:
    return Alert(key, severity, f"title of {key}", f"body of {key}")


def test_the_same_event_is_told_once() -> None:
    box = Outbox(DeliveryPolicy(repeat_after_s=600))
    for now in (0.0, 1.0, 599.0):
        box.put(alert("a"), now)
    sent = box.next(600.0)
    box.delivered(600.0)

    assert sent == alert("a")
    assert box.next(600.0) is None


def test_the_same_key_much_later_is_news() -> None:
    box = Outbox(DeliveryPolicy(repeat_after_s=600))
    box.put(alert("a"), 0.0)
    box.next(0.0)
    box.delivered(0.0)
    box.put(alert("a"), 600.0)

    assert box.next(601.0) == alert("a")


def test_what_exceeds_the_rate_is_gathered_into_one() -> None:
    box, sent = Outbox(DeliveryPolicy(per_minute=3)), []
    for n in range(10):
        box.put(alert(str(n), Severity.CRITICAL if n == 7 else Severity.INFO), 0.0)
    while (one := box.next(0.0)) is not None:
        sent.append(one)
        box.delivered(0.0)

    assert [one.title for one in sent] == ["title of 0", "title of 1", "8 events"]
    assert sent[-1].severity is Severity.CRITICAL
    assert all(f"title of {n}" in sent[-1].body for n in range(2, 10))


def test_bad_news_does_not_wait_behind_chatter() -> None:
    box, sent = Outbox(DeliveryPolicy(per_minute=3, urgent_per_minute=5)), []
    for n in range(4):
        box.put(alert(str(n)), float(n))
        if box.next(float(n)) is not None:
            box.delivered(float(n))
    for n in range(4, 8):
        box.put(alert(str(n), Severity.CRITICAL), float(n))
        if (one := box.next(float(n))) is not None:
            sent.append((n, one.title))
            box.delivered(float(n))

    assert sent == [(4, "2 events"), (5, "title of 5")]
    assert box.wait_s(8.0) == 52.0


def test_after_the_rate_is_spent_a_minute_passes() -> None:
    box = Outbox(DeliveryPolicy(per_minute=1))
    box.put(alert("a"), 0.0)
    box.next(0.0)
    box.delivered(0.0)
    box.put(alert("b"), 1.0)

    assert box.next(30.0) is None
    assert box.wait_s(30.0) == 30.0
    assert box.next(60.0) == alert("b")


def test_a_failure_is_tried_again_with_growing_pauses_and_then_given_up() -> None:
    box, now, pauses = Outbox(DeliveryPolicy(keep_s=14.0, retry_first_s=2.0)), 0.0, []
    box.put(alert("a"), now)
    while True:
        assert box.next(now) == alert("a")
        if box.failed(now):
            break
        assert box.next(now) is None
        pauses.append(box.wait_s(now))
        now += pauses[-1]

    assert pauses == [2.0, 4.0, 8.0]
    assert box.is_empty
    box.put(alert("a"), now + 1)
    assert not box.is_empty, "what nobody was told is news again"


def test_what_is_critical_is_tried_until_it_is_delivered() -> None:
    box, now = Outbox(DeliveryPolicy(keep_s=60.0)), 0.0
    box.put(alert("danger", Severity.CRITICAL), now)
    for _ in range(200):
        assert box.next(now) is not None
        assert box.failed(now) == 0
        now += box.wait_s(now)

    assert now > 12 * 3600
    assert box.next(now) == alert("danger", Severity.CRITICAL)


def test_what_comes_while_nothing_gets_through_is_gathered_with_the_worst_first() -> None:
    box = Outbox(DeliveryPolicy())
    box.put(alert("news"), 0.0)
    box.next(0.0)
    box.failed(0.0)
    for n in range(3):
        box.put(alert(str(n), Severity.CRITICAL if n == 1 else Severity.WARNING), 1.0)

    sent = box.next(10.0)

    assert sent is not None
    assert (sent.title, sent.severity) == ("4 events", Severity.CRITICAL)
    assert sent.body.startswith("title of 1;")
    box.delivered(10.0)
    assert box.is_empty


def test_a_service_that_asks_to_wait_is_waited_for() -> None:
    box = Outbox(DeliveryPolicy())
    box.put(alert("a"), 0.0)
    box.next(0.0)
    box.failed(0.0, 180.0)

    assert box.next(179.0) is None
    assert box.next(180.0) == alert("a")


@given(st.lists(st.text(max_size=4000), min_size=1, max_size=30))
def test_no_message_is_longer_than_a_service_takes(bodies: list[str]) -> None:
    box = Outbox(DeliveryPolicy(per_minute=1))
    for n, body in enumerate(bodies):
        box.put(Alert(str(n), Severity.INFO, "x" * 500, body), 0.0)
    sent = box.next(0.0)

    assert sent is not None
    assert len(sent.title) + len(sent.body) <= 3200


def test_of_too_much_the_least_and_oldest_is_dropped_and_counted() -> None:
    box = Outbox(DeliveryPolicy(most_waiting=2))
    box.put(alert("worst", Severity.CRITICAL), 0.0)
    box.put(alert("old"), 0.0)
    box.put(alert("new"), 0.0)

    assert box.lost == 1
    assert box.next(0.0) == alert("worst", Severity.CRITICAL)
    box.delivered(0.0)
    assert box.next(0.0) == alert("new")


def test_the_last_words_hold_everything_that_waits() -> None:
    box = Outbox(DeliveryPolicy(per_minute=1))
    for key in ("a", "b", "c"):
        box.put(alert(key), 0.0)
    last = box.last(0.0)

    assert last is not None
    assert last.title == "3 events"
    assert box.last(0.0) == last


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.floats(0, 20), st.booleans()), max_size=60), st.integers(1, 5)
)
def test_never_more_than_the_rate_in_any_minute(steps: list[tuple[int, float, bool]], rate: int) -> None:
    box, now, sent = Outbox(DeliveryPolicy(per_minute=rate, keep_s=30.0)), 0.0, []
    for key, pause, works in steps:
        now += pause
        box.put(alert(str(key)), now)
        if box.next(now) is None:
            continue
        if works:
            sent.append(now)
            box.delivered(now)
        elif box.failed(now):
            sent.append(now)

    for start in sent:
        assert sum(start <= at < start + 60 for at in sent) <= rate


def test_each_gathered_alert_tells_how_long_it_waited() -> None:
    box = Outbox(DeliveryPolicy())
    box.put(Alert("a", Severity.WARNING, "a", ""), 0.0)
    assert box.next(1.0) is not None
    box.failed(1.0)
    box.put(Alert("b", Severity.WARNING, "b", ""), 2.0)
    assert box.next(10.0) is not None
    assert box.delivered(12.0) == [12.0, 10.0]
