from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import FixTheMachine
from bot.domain.messages import Halted, TimePassed
from bot.journal.codec import KINDS, decode, encode
from bot.wiring import DURABLE


@pytest.mark.parametrize("kind", sorted(KINDS))
@given(data=st.data())
def test_every_kind_of_message_survives_the_journal(kind: str, data: st.DataObject) -> None:
    message = data.draw(st.from_type(KINDS[kind]))

    name, body = encode(message)

    assert name == kind
    assert decode(name, body) == message


def test_every_durable_message_can_be_written() -> None:
    assert {kind.__name__ for kind in DURABLE} <= KINDS.keys()


def test_a_kind_of_a_newer_build_is_named() -> None:
    with pytest.raises(FixTheMachine, match="'Teleported'"):
        decode("Teleported", "{}")


def test_a_row_that_is_not_what_it_says_is_named() -> None:
    with pytest.raises(FixTheMachine, match="Halted"):
        decode(Halted.__name__, '{"at": 5}')


def test_money_keeps_its_cents_and_time_its_zone() -> None:
    _, body = encode(decode(TimePassed.__name__, '{"at":"2011-01-05T14:30:00Z"}'))

    assert body == '{"at":"2011-01-05T14:30:00Z"}'
