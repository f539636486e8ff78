"""The word that IB is lost, and no word that it is found: when a new session asks, and when nothing is done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import ModuleType

from hypothesis import given
from hypothesis import strategies as st

from bot.broker.connection.context import BrokerContext
from bot.broker.connection.doubted_loss import DOUBTED_AFTER, DOUBTED_AT_MOST_AFTER, FLOWS, DoubtedLoss
from bot.broker.connection.settings import BrokerSettings
from bot.domain import broker_messages as b
from tests.broker.script import ScriptedGateway, running


class Session:
    """A clock, and what the session was ended for."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 5, 15, tzinfo=UTC)
        self.ended: list[str] = []
        nobody = ModuleType("nobody")
        link = BrokerContext(BrokerSettings(), nobody, lambda: self.now, 1.0, lambda _: None, lambda _: None)
        self.doubt = DoubtedLoss(link, self.ended.append)
        self.hear = self.doubt.watch(lambda *_: None)

    def data(self, seconds: float, every_s: float = 5.0) -> None:
        """They come for so long."""
        for _ in range(int(seconds / every_s)):
            self.now += timedelta(seconds=every_s)
            self.hear()


def test_a_loss_that_data_contradict_for_minutes_is_asked_about_in_a_new_session() -> None:
    session = Session()
    session.doubt.lost(2110)
    session.data(DOUBTED_AFTER.total_seconds())
    assert not session.ended
    session.data(FLOWS.total_seconds() + 5)
    assert len(session.ended) == 1
    assert "2110" in session.ended[0]
    session.data(3600)
    assert len(session.ended) == 1


def test_a_loss_without_data_is_believed_however_long_it_lasts() -> None:
    session = Session()
    session.doubt.lost(1100)
    session.now += timedelta(hours=12)
    session.hear()  # the first data that come again; the word that all is well may follow
    session.doubt.found()
    session.data(3600)
    assert not session.ended


def test_a_line_that_is_restored_is_not_doubted() -> None:
    session = Session()
    session.doubt.lost(1100)
    session.data(60)
    session.doubt.found()
    session.data(3600)
    assert not session.ended


def test_a_gateway_that_says_it_again_in_each_session_is_asked_ever_more_rarely() -> None:
    session, asked = Session(), []
    for _ in range(8):
        session.doubt.lost(1100)
        began, before = session.now, len(session.ended)
        while len(session.ended) == before and session.now - began < 2 * DOUBTED_AT_MOST_AFTER:
            session.data(5)
        asked.append(session.now - began)
    assert asked == sorted(asked)
    assert asked[0] < DOUBTED_AFTER + 2 * FLOWS
    assert DOUBTED_AT_MOST_AFTER < asked[-1] < DOUBTED_AT_MOST_AFTER + 2 * FLOWS


@given(st.lists(st.tuples(st.floats(0, 400), st.sampled_from(["lost", "found", "data"])), max_size=60))
def test_no_session_is_ended_before_the_last_word_of_a_loss_is_old_enough(
    course: list[tuple[float, str]],
) -> None:
    session, lost_at = Session(), None
    for pause_s, what in course:
        session.now += timedelta(seconds=pause_s)
        before = len(session.ended)
        if what == "lost":
            lost_at = session.now
            session.doubt.lost(1100)
        elif what == "found":
            lost_at = None
            session.doubt.found()
        else:
            session.hear()
        if len(session.ended) > before:
            assert lost_at is not None
            assert session.now - lost_at >= DOUBTED_AFTER
            lost_at = None


def test_the_session_ends_with_the_reason_and_the_next_one_begins(gateway: ScriptedGateway) -> None:
    with running(gateway) as (broker, facts):
        facts.wait_for(b.BrokerConnected)
        adapter = broker._adapter
        assert adapter is not None
        assert broker._io is not None
        broker._io.post(lambda: adapter._ask_anew("IB is doubted to be lost"))
        facts.wait_for(b.BrokerConnected, 2)
    assert [fact.reason for fact in facts.of(b.BrokerDisconnected)][:1] == ["IB is doubted to be lost"]
