"""Requests that wait for their answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.broker.connection.requests import Requests


async def _answered(*pieces: str) -> Any:
    requests = Requests()
    answer = requests.open(7, each=int)
    for piece in pieces:
        requests.add(7, piece)
    requests.end(7)
    return await answer


def test_of_a_piece_only_what_is_made_of_it_is_kept() -> None:
    assert asyncio.run(_answered("1", "2")) == [1, 2]


def test_a_piece_of_which_nothing_can_be_made_is_the_requests_failure() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        asyncio.run(_answered("1", "two", "3"))
