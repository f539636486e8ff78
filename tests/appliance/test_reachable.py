"""Before anything changes: a host whose sudo cannot be used says why, in one line with the remedy."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from .conftest import ROOT, ansible

# What Debian's sudo does, in the words that Ansible looks for (``sudo -n`` without and ``sudo -S`` with a password).
FREE = '[ "$*" = "-n true" ] && exit; while [ "$1" != /bin/sh ]; do shift; done; exec "$@"'
ASKS = (
    'case " $* " in *" -n "*) echo "sudo: a password is required" >&2; exit 1;; esac; '
    'printf %s "$(echo "$*" | sed "s/.*-p \\(.*\\) -u .*/\\1/")"; read -r given; '
    '[ "$given" = "obviously fake" ] || { echo "Sorry, try again." >&2; read -r given; exit 1; }; ' + FREE
)


@pytest.mark.parametrize(
    ("sudo", "password", "reason"),
    [
        (FREE, "", None),
        (ASKS, "obviously fake", None),
        (ASKS, "", "sudo refuses, or asks"),
        (ASKS, "another one", "sudo refuses, or asks"),
        ("echo 'owner is not in the sudoers file.' >&2; exit 1", "", "sudo refuses, or asks"),
        ("exit 127", "", "it has no sudo"),
    ],
)
def test_a_host_is_let_through_with_a_sudo_that_works_and_told_of_otherwise(
    tmp_path: Path, sudo: str, password: str, reason: str | None
) -> None:
    command = tmp_path / "sudo"
    command.write_text(f"#!/bin/sh\n{sudo}\n", encoding="utf-8")
    command.chmod(0o755)
    lines = f"[gateway]\nbox ansible_connection=local ansible_become_exe={command}"
    (tmp_path / "hosts").write_text(
        lines + (f" ansible_become_password='{password}'" if password else "") + "\n", encoding="utf-8"
    )
    done = subprocess.run(
        [
            ansible("ansible-playbook"),
            "-i",
            str(tmp_path / "hosts"),
            str(ROOT / "ansible" / "reachable.yml"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "HOME": str(tmp_path),
            "LANG": "C.UTF-8",
            "ANSIBLE_BECOME_ALLOW_SAME_USER": "1",
        },
    )
    told = " ".join(done.stdout.split())
    assert (done.returncode == 0) is (reason is None), told
    assert reason is None or f"box: {reason}" in told
