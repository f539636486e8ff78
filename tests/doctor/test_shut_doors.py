"""Each way a gateway can be shut is told apart, and each has its own remedy."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from bot.doctor.api_probe import REMEDIES, Failure
from bot.doctor.findings import Finding, Verdict, exit_code
from tests.doctor import doors
from tests.doctor.rooms import free_port, gateway, visit


def shut(found: dict[str, Finding], name: str, shape: Failure) -> Finding:
    """The last finding, which must be this failure; exit code 1."""
    last = list(found.values())[-1]
    assert (last.name, last.verdict, last.remedy) == (name, Verdict.FAIL, REMEDIES[shape]), last
    assert exit_code(found.values()) == 1
    return last


def test_every_shape_has_a_remedy_of_its_own() -> None:
    assert set(REMEDIES) == set(Failure)
    assert len(set(REMEDIES.values())) == len(REMEDIES)


def test_nothing_listens() -> None:
    assert "nothing listens" in shut(visit(free_port()), "connection", Failure.REFUSED).found


def test_a_gateway_whose_port_is_closed_refuses() -> None:
    with gateway() as running:
        running.faults.log_out()
        shut(visit(running), "connection", Failure.REFUSED)


def test_an_open_port_of_the_other_mode_is_pointed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with doors.door(doors.is_silent) as other:
        monkeypatch.setattr("bot.doctor.api_probe.KNOWN_PORTS", {other: "IB Gateway, live"})
        assert f"port {other} (IB Gateway, live) is open" in visit(free_port())["connection"].found


def test_a_name_that_nobody_knows() -> None:
    from bot.doctor.api_probe import ProbeFailed, knock

    with pytest.raises(ProbeFailed) as caught:
        knock("gateway.invalid", 4002, 1.0)
    assert caught.value.shape is Failure.NO_NAME


def test_a_host_that_drops_the_packets() -> None:
    from bot.doctor.api_probe import ProbeFailed, knock

    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:  # a full backlog drops what comes after it, as a firewall does
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        with pytest.raises(ProbeFailed) as caught:
            knock("127.0.0.1", full.getsockname()[1], 0.5)
        for one in waiting:
            one.close()
    assert caught.value.shape is Failure.TIMED_OUT


def test_accepted_and_closed_at_the_handshake_is_an_untrusted_address() -> None:
    with gateway() as running:
        running.faults.accept_then_close(seconds=1e6)
        shut(visit(running), "handshake", Failure.CLOSED)


def test_a_peer_that_reads_and_hangs_up_is_closed_too() -> None:
    with doors.door(doors.closes) as port:
        shut(visit(port), "handshake", Failure.CLOSED)


def test_accepted_and_silent() -> None:
    with gateway() as running:
        running.faults.half_open()
        shut(visit(running, connect_s=0.3), "handshake", Failure.SILENT)


@pytest.mark.parametrize("behave", [doors.is_a_web_server, doors.talks_rubbish])
def test_something_that_is_no_gateway(behave: doors.Behave) -> None:
    with doors.door(behave) as port:
        shut(visit(port), "handshake", Failure.NOT_TWS)


@pytest.mark.parametrize("wants_certificate", [False, True])
def test_tls_where_plain_is_expected(tmp_path: Path, *, wants_certificate: bool) -> None:
    behave = doors.speaks_tls(*doors.certificate(tmp_path), wants_certificate=wants_certificate)
    with doors.door(behave) as port:
        shut(visit(port), "handshake", Failure.TLS)


def test_a_gateway_that_names_no_account_is_not_logged_in() -> None:
    with doors.door(doors.names_no_account) as port:
        shut(visit(port), "handshake", Failure.NOT_LOGGED_IN)


def test_a_gateway_that_hangs_up_after_the_greeting() -> None:
    with doors.door(doors.hangs_up_after_the_greeting) as port:
        shut(visit(port), "handshake", Failure.CLOSED)


def test_a_second_doctor_is_told_apart_from_the_bot() -> None:
    from bot.doctor.api_probe import knock, shake_hands, start_session

    with gateway() as running:
        with knock("127.0.0.1", running.port, 2.0) as link:
            start_session(shake_hands(link, ("127.0.0.1", running.port), 2.0), 9001, 2.0)
            found = visit(running)
        assert found["handshake"].remedy == REMEDIES[Failure.CLIENT_ID]
