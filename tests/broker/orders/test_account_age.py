"""An account's worth is as old as the message that told it."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from bot.broker.orders.account_queries import AccountQueries
from tests.broker.script import ACCOUNT, NOW


def test_the_age_of_a_value_is_the_age_of_its_message() -> None:
    told: list[Any] = []
    requests = SimpleNamespace(is_open=lambda _: False, end=lambda *_: None)
    link: Any = SimpleNamespace(account=ACCOUNT, now=lambda: NOW, requests=requests, pass_on=told.append)
    nobody: Any = None
    books = AccountQueries(link, nobody, nobody)
    hears = books.table()

    hears["updateAccountValue"]("NetLiquidation", "25000", "USD", ACCOUNT)
    link.now = lambda: NOW + timedelta(minutes=95)
    hears["accountDownloadEnd"](ACCOUNT)
    hears["updateAccountValue"]("NetLiquidation", "25000", "USD", ACCOUNT)
    hears["accountDownloadEnd"](ACCOUNT)

    assert [x.values.at for x in told] == [NOW, NOW + timedelta(minutes=95)]
