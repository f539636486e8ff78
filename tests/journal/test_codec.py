from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.errors import FixTheMachine
from bot.domain.messages import Halted, TimePassed
from bot.journal.codec import JOURNAL_KINDS, decode_row, encode_row, forget_decoded, keep_decoded
from bot.wiring import DURABLE


@pytest.mark.parametrize("kind", sorted(JOURNAL_KINDS))
@settings(max_examples=30)  # for each of some sixty kinds
@given(data=st.data())
def test_every_kind_of_message_survives_the_journal(kind: str, data: st.DataObject) -> None:
    message = data.draw(st.from_type(JOURNAL_KINDS[kind]))

    name, body = encode_row(message)

    assert name == kind
    assert decode_row(name, body) == message


def test_every_durable_message_can_be_written() -> None:
    assert {kind.__name__ for kind in DURABLE} <= JOURNAL_KINDS.keys()


def test_a_kind_of_a_newer_build_is_named() -> None:
    with pytest.raises(FixTheMachine, match="'Teleported'"):
        decode_row("Teleported", "{}")


def test_a_row_that_is_not_what_it_says_is_named() -> None:
    with pytest.raises(FixTheMachine, match="Halted"):
        decode_row(Halted.__name__, '{"at": 5}')


def test_money_keeps_its_cents_and_time_its_zone() -> None:
    _, body = encode_row(decode_row(TimePassed.__name__, '{"at":"2011-01-05T14:30:00Z"}'))

    assert body == '{"at":"2011-01-05T14:30:00Z"}'


def test_only_a_start_keeps_what_it_decoded() -> None:
    row = encode_row(TimePassed(datetime(2011, 1, 5, 14, 30, tzinfo=UTC)))

    keep_decoded()
    kept = decode_row(*row)
    assert decode_row(*row) is kept
    forget_decoded()
    assert decode_row(*row) is not decode_row(*row)
