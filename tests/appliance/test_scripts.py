"""The programs the roles put on hosts, tried for themselves: throttling word, health check, the search for Java."""

from __future__ import annotations

import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .conftest import ROOT, module

pytestmark = pytest.mark.xdist_group("rendered once")
FILES = ROOT / "roles" / "ib_gateway" / "files"
HEALTH = module(FILES / "ibgateway_health.py")
STUB = module(ROOT / "ansible" / "lab" / "stub_jvm.py")


@contextmanager
def serving(handler: type[socketserver.BaseRequestHandler]) -> Iterator[int]:
    """A local server for one test; yields its port."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


class Mute(socketserver.BaseRequestHandler):
    """Accepts and says nothing, as a gateway does before its login."""

    def handle(self) -> None:
        self.request.recv(1024)
        self.request.recv(1024)


class Closing(socketserver.BaseRequestHandler):
    """Accepts and leaves, as a tunnel does whose other end is down."""


class Pending(socketserver.StreamRequestHandler):
    """Shakes hands and offers no account, as a gateway does that waits for the phone."""

    def handle(self) -> None:
        self.rfile.read(4)
        self.rfile.read(4 + 9)
        self.wfile.write(STUB.frame("187", "20260102 09:30:00 EST"))
        self.rfile.read(1 << 16)


def test_a_gateway_with_accounts_is_healthy() -> None:
    with serving(STUB.Api) as port:
        health = HEALTH.check("127.0.0.1", port, 990, 5)

    assert health.logged_in
    assert health.server_version == 187


@pytest.mark.parametrize("handler", [Mute, Closing])
def test_an_open_port_proves_nothing(handler: type[socketserver.BaseRequestHandler]) -> None:
    with serving(handler) as port:
        health = HEALTH.check("127.0.0.1", port, 990, 0.5)

    assert not health.logged_in
    assert health.server_version is None


def test_a_login_that_waits_is_told_apart_from_a_dead_gateway() -> None:
    with serving(Pending) as port:
        health = HEALTH.check("127.0.0.1", port, 990, 0.5)

    told = HEALTH.metrics(health, 2.0, 1.0, is_running=False, fits=True)
    assert "ibgateway_login_pending 1\n" in told
    assert "ibgateway_up 0\n" in told


@pytest.mark.parametrize(("is_running", "pending"), [(True, 1), (False, 0)])
def test_a_gateway_that_runs_without_an_open_port_waits_for_a_login(is_running: bool, pending: int) -> None:
    closed = HEALTH.Health(None, 0.1, (), why="nothing listens")

    told = HEALTH.metrics(closed, 2.0, 1.0, is_running=is_running, fits=True)

    assert f"ibgateway_login_pending {pending}\n" in told


@pytest.mark.parametrize(
    ("accounts", "mode", "code"),
    [
        (("DU1234567",), "paper", 0),
        (("U1234567",), "live", 0),
        (("U1234567",), "paper", 3),
        (("DU1234567",), "live", 3),
        (("DU1234567", "U1234567"), "paper", 3),
        (("U1234567",), "", 0),
        ((), "paper", 1),
    ],
)
def test_an_account_of_the_other_mode_is_told(accounts: tuple[str, ...], mode: str, code: int) -> None:
    assert HEALTH.verdict(HEALTH.Health(187, 0.1, accounts, why=""), mode)[0] == code


def test_a_failure_keeps_the_time_of_the_last_success(tmp_path: Path) -> None:
    path = tmp_path / "ibgateway.prom"
    HEALTH.publish(path, HEALTH.Health(187, 0.1, ("DU1",), why=""), is_running=True, fits=True)
    success = HEALTH.last_success_in(path)

    HEALTH.publish(path, HEALTH.Health(None, 0.1, (), why="down"), is_running=True, fits=True)

    assert success > 0
    assert HEALTH.last_success_in(path) == success


def test_the_throttling_word_is_taken_apart(renderings: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "word").write_text("50005\n")
    script = tmp_path / "pi-throttled"
    script.write_text(renderings["pi-throttled"])
    subprocess.run(
        ["sh", str(script)],
        check=True,
        env={**os.environ, "WORD": str(tmp_path / "word"), "OUT": str(tmp_path)},
    )

    told = (tmp_path / "pi_throttled.prom").read_text()

    assert 'pi_throttled_state{reason="under_voltage"} 1' in told
    assert 'pi_throttled_state{reason="frequency_capped"} 0' in told
    assert 'pi_throttled_state{reason="throttled"} 1' in told
    assert 'pi_throttled_since_boot{reason="under_voltage"} 1' in told
    assert 'pi_throttled_since_boot{reason="frequency_capped"} 0' in told


LOG = """\
\x1b[36m│\x1b[0m TASK [Bring a play] ****
  [2m│[0m fatal: [localhost]: FAILED! =>
  [2m│[0m   stdout: |-
  [2m│[0m     TASK [Wait for the bot] ****
  [2m│[0m     FAILED - RETRYING: [pi]: Wait for the bot (1 retries left).
  [2m│[0m     fatal: [pi]: FAILED! =>
  [2m│[0m       stderr: it does not answer
  [2m│[0m     PLAY RECAP ****
  [2m│[0m TASK [Clear up] ****
  [2m│[0m ok: [localhost]
  [2m│[0m PLAY RECAP ****
"""


def test_of_a_long_log_the_task_that_failed_is_said_last(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(LOG)
    script = ROOT / "ansible" / "lab" / "what-failed"

    done = subprocess.run(
        ["sh", str(script), str(tmp_path / "log")], check=True, capture_output=True, text=True
    )

    lines = [line.strip() for line in done.stderr.splitlines()[1:]]
    assert lines == ["TASK [Wait for the bot] ****", "fatal: [pi]: FAILED! =>", "stderr: it does not answer"]


KILLED_LAB = """
mkdir -p /var/lib/containers && mount -t tmpfs tmpfs /var/lib/containers
mount -t tmpfs tmpfs /run && mkdir -p /run/containers/networks && touch /run/containers/networks/ipam.db
[ -z "$2" ] || podman create --quiet --rootfs --name "$2" "$(mktemp --directory --tmpdir=/run)" true >/dev/null
for bridge in podman7 podman8 br0; do ip link add $bridge type bridge; done
ip address add 192.0.2.1/28 dev podman7
ip address add 192.0.2.17/28 dev podman8
ip address add 192.0.2.2/28 dev br0
"$1" 192.0.2.0/28
echo left: $(ip -oneline link show type bridge | cut -d: -f2) $(ls /run/containers/networks | grep ipam)
"""
"""Of the subnet: a bridge that podman named and one of the machine's own. Of another subnet: one that podman named.
With containers of its own, since those of the machine may be running: a lab, for instance."""


@pytest.mark.skipif(os.geteuid() != 0, reason="makes namespaces of its own")
@pytest.mark.parametrize(("container", "kept"), [("", ""), ("of-another-lab", " ipam.db")])
def test_what_a_killed_lab_left_of_its_network_is_taken_away_and_nothing_else(
    container: str, kept: str
) -> None:
    script = ROOT / "ansible" / "lab" / "free-subnet"

    done = subprocess.run(
        ["unshare", "--net", "--mount", "sh", "-ec", KILLED_LAB, "sh", str(script), container],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "CONTAINERS_CONF": str(script.with_name("containers.conf"))},
    )

    assert done.stdout.splitlines() == ["podman7", f"left: podman8 br0{kept}"]


def find_java(installation: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(FILES / "find_java.py"), str(installation)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HOME": str(installation / "home")},
    )


def test_the_java_that_the_installer_wrote_down_is_taken(tmp_path: Path) -> None:
    java = tmp_path / "elsewhere" / "17" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.touch(mode=0o755)
    (tmp_path / ".install4j").mkdir()
    (tmp_path / ".install4j" / "inst_jre.cfg").write_text(f"{java.parent.parent}\n")

    assert find_java(tmp_path).stdout.strip() == str(java.parent)


def test_an_installation_without_java_is_an_error(tmp_path: Path) -> None:
    assert find_java(tmp_path).returncode == 1
