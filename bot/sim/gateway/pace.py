"""Time that waits for its clients: who takes part, and whether all of them have let it go on.

Rule: a client lets time go on by asking for it (``reqCurrentTime``): "I have handled everything up to now". Its answer
comes when time has taken its next step, behind everything that happened in it. A client takes part from its first
such question on; one that never asks is not waited for.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.sim.gateway.session import ClientSession
from bot.sim.gateway.settings import GatewaySettings


def paced(settings: GatewaySettings) -> GatewaySettings:
    """The settings under which nothing depends on the wall's clock, and a quote comes whole.

    Between two steps everything falls into the same second, so a rate of messages means nothing; and a question that is
    heard in the next step would never let that step come.
    """
    none = timedelta(0)
    return replace(
        settings, messages_per_second=None, greeks_delay=none, tick_interval=none, answer_delay=none
    )


class Pace:
    """The clients that take part, and those of them that wait for time's next step."""

    def __init__(self) -> None:
        self._taking_part: set[ClientSession] = set()
        self._waiting: list[ClientSession] = []

    def let_go_on(self, session: ClientSession) -> None:
        """This client has handled everything; it waits for its answer."""
        self._taking_part.add(session)
        self._waiting.append(session)

    def leave(self, session: ClientSession) -> None:
        """Its connection is gone: nobody waits for it any more."""
        self._taking_part.discard(session)
        self._waiting = [one for one in self._waiting if one is not session]

    @property
    def may_go_on(self) -> bool:
        """Somebody takes part, and all who do have let time go on. A silenced connection is nobody."""
        speaking = {session for session in self._taking_part if not session.is_silent}
        return bool(speaking) and speaking <= set(self._waiting)

    def take_waiting(self) -> list[ClientSession]:
        """Whom to answer, in the order of their asking."""
        waiting, self._waiting = self._waiting, []
        return waiting
