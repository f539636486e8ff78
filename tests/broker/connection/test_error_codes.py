"""The code table, and what a code does to an order."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.broker.connection.error_codes import (
    TABLE,
    CodeEffect,
    HistoryTrouble,
    RejectReason,
    code,
    history_trouble,
    order_effect,
    rejection,
)


def new(number: int) -> CodeEffect:
    return order_effect(number, is_acknowledged=False, is_revising=False)


def live(number: int) -> CodeEffect:
    return order_effect(number, is_acknowledged=True, is_revising=False)


def revising(number: int) -> CodeEffect:
    return order_effect(number, is_acknowledged=True, is_revising=True)


@pytest.mark.parametrize("number", [110, 200, 201, 203, 387, 388, 391, 434, 460])
def test_a_new_order_is_rejected_by_what_rejects_it(number: int) -> None:
    assert new(number) is CodeEffect.REJECT


@pytest.mark.parametrize("number", [399, 404, 2109, 2161, 2168, 10349, 2150, 2199])
def test_news_about_a_live_order_ends_nothing(number: int) -> None:
    assert new(number) is live(number) is revising(number) is CodeEffect.INFO


@pytest.mark.parametrize("number", [105, 134, 329, 110])
def test_a_refused_revision_leaves_the_order_alive(number: int) -> None:
    assert revising(number) is CodeEffect.STILL_LIVE


@pytest.mark.parametrize("number", [104, 106, 107, 135, 321, 492, 163, 201])
def test_what_could_mean_anything_is_asked_of_the_broker(number: int) -> None:
    assert revising(number) is CodeEffect.ASK_BROKER


@pytest.mark.parametrize("number", [136, 161, 202, 10147, 10148])
def test_an_answer_to_a_cancel_does_not_say_what_became_of_the_order(number: int) -> None:
    assert live(number) is CodeEffect.CANCEL_ANSWER


@given(st.integers(0, 30_000).filter(lambda n: n not in TABLE and not 2100 <= n < 2200))
def test_an_unknown_code_is_never_a_verdict(number: int) -> None:
    assert new(number) is live(number) is revising(number) is CodeEffect.ASK_BROKER


@given(st.sampled_from(sorted(TABLE)).filter(lambda n: n != 201))
def test_no_code_rejects_an_order_that_the_broker_had_accepted(number: int) -> None:
    assert live(number) is not CodeEffect.REJECT


def test_every_row_says_what_it_means_and_remedies_are_for_people() -> None:
    for number, row in TABLE.items():
        assert row.number == number
        assert row.meaning
        assert not re.search(r"TODO|\?\?", row.meaning + row.remedy)


# fmt: off
MET = {
    0, 100, 101, 102, 103, 104, 105, 106, 107, 109, 110, 133, 134, 135, 136, 161, 162, 163, 165, 200, 201, 202,
    203, 300, 309, 316, 317, 320, 321, 322, 323, 324, 325, 326, 327, 329, 354, 359, 366, 382, 383, 386, 387, 388,
    391, 399, 404, 405, 413, 434, 460, 492, 501, 502, 503, 504, 505, 506, 507, 1100, 1101, 1102, 1300, 2100, 2101,
    2102, 2103, 2104, 2105, 2106, 2107, 2108, 2109, 2110, 2119, 2150, 2157, 2158, 2161, 2168, 2169, 2174, 10089,
    10090, 10091, 10147, 10148, 10167, 10168, 10197, 10225, 10314, 10349,
}
# fmt: on
"""Codes that were met in the field, or that IB's list names for what is asked here."""


def test_the_table_covers_the_codes_that_were_met() -> None:
    assert TABLE.keys() >= MET


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Cannot have open orders on both sides of the same US Option contract", RejectReason.BOTH_SIDES),
        (
            "YOUR ORDER IS NOT ACCEPTED. MINIMUM OF 2000 USD (OR EQUIVALENT) MARGIN REQUIRED",
            RejectReason.MARGIN,
        ),
        ("We are unable to accept your order. Your Available Funds are insufficient", RejectReason.MARGIN),
        ("No trading permissions", RejectReason.PERMISSION),
        ("The exchange said no", RejectReason.OTHER),
    ],
)
def test_a_rejection_is_told_apart_by_its_text(text: str, kind: RejectReason) -> None:
    assert rejection(f"Order rejected - reason:{text}") is kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Historical data request pacing violation", HistoryTrouble.PACING),
        ("HMDS query returned no data: SPY@SMART Trades", HistoryTrouble.NO_DATA),
        ("API historical data query cancelled: 12", HistoryTrouble.CANCELLED),
        ("Starting time must occur before ending time", HistoryTrouble.OTHER),
    ],
)
def test_a_history_error_is_told_apart_by_its_text(text: str, kind: HistoryTrouble) -> None:
    assert history_trouble(text) is kind


def test_an_unknown_notice_is_only_news() -> None:
    assert code(2177).effect is CodeEffect.INFO
