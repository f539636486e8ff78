"""One bot per state directory, and one per gateway and client id."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.errors import StopTheOther
from bot.ops.process.instance_lock import InstanceLock, is_locked

LINE = "127.0.0.1:4002 1"


@pytest.fixture(autouse=True)
def _a_folder_of_this_test_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def test_another_client_id_in_the_same_directory_is_stopped_and_told_who_holds_it(tmp_path: Path) -> None:
    first = InstanceLock(tmp_path / "state", LINE)

    with pytest.raises(StopTheOther, match=rf"process \d+, {LINE}.*journal\.directory"):
        InstanceLock(tmp_path / "state", "127.0.0.1:4002 2")
    first.release()


def test_another_directory_with_the_same_gateway_and_client_id_is_stopped(tmp_path: Path) -> None:
    first = InstanceLock(tmp_path / "one", LINE)

    with pytest.raises(StopTheOther, match=r"one.*broker\.client_id"):
        InstanceLock(tmp_path / "two", LINE)
    assert not is_locked(tmp_path / "two")
    first.release()


def test_what_is_let_go_can_be_taken(tmp_path: Path) -> None:
    for _ in range(2):
        lock = InstanceLock(tmp_path / "state", LINE)
        assert is_locked(tmp_path / "state")
        lock.release()
        assert not is_locked(tmp_path / "state")


def test_two_bots_with_all_their_own_do_not_hinder_each_other(tmp_path: Path) -> None:
    locks = [InstanceLock(tmp_path / name, f"127.0.0.1:4002 {n}") for n, name in enumerate(("one", "two"), 1)]
    for lock in locks:
        lock.release()
