"""Freed memory goes back to the machine."""

from __future__ import annotations

import subprocess
import sys

import pytest

KEPT_ABOVE = """
import ctypes, resource
from bot.ops.process.memory import give_back

malloc, free = ctypes.CDLL(None).malloc, ctypes.CDLL(None).free
malloc.restype, free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]

def resident():
    with open("/proc/self/statm") as told:
        return int(told.read().split()[1]) * resource.getpagesize()

blocks = [malloc(60_000) for _ in range(500)]
for block in blocks:
    ctypes.memset(block, 1, 60_000)
last = malloc(60_000)
for block in blocks:
    free(block)
before = resident()
print(give_back(), before - resident())
"""
"""Thirty megabytes, and a block above them that stays: of such a heap the C library gives nothing back by itself."""


@pytest.mark.skipif(sys.platform != "linux", reason="the C library of Linux")
def test_what_was_freed_below_a_block_in_use_is_given_back() -> None:
    said = subprocess.run([sys.executable, "-c", KEPT_ABOVE], check=True, capture_output=True, text=True)

    was_given, given_bytes = said.stdout.split()
    assert was_given == "True"
    assert int(given_bytes) > 25_000_000
