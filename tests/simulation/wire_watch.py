"""What passes the gateway's door, noted as it passes: kinds and codes for the coverage, messages for the rules of the door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.simulation.universe import Universe


def watch_wire(u: Universe) -> None:
    """From now on."""
    core = u.core
    send, received = core.send, core.received

    def sent(session: Any, kind: str, **values: Any) -> None:
        for said_otherwise in u.said_otherwise:
            values = said_otherwise(kind, values)
        u.coverage.note("answer", kind)
        u.door.said(kind, values)
        if kind == "error":
            u.coverage.note("error code", values["errorCode"])
        send(session, kind, **values)

    def heard(session: Any, message: Any) -> None:
        u.coverage.note("request", message.kind)
        u.door.heard(message)
        received(session, message)
        # What a bad network held back comes at once, whoever sent it at which pace.
        if u.is_calm and u.plan.network.is_smooth:
            is_kept = session.ending != "too many messages a second"
            u.oracle.verdict.expect("the pace is kept", is_kept, f"{u.now():%H:%M:%S}")

    core.send, core.received = sent, heard  # type: ignore[method-assign]  # an observer at the door
