"""What every test may rely on: values as the domain means them, and a quick hypothesis profile."""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from hashlib import sha384
from typing import Any

import pytest
from hypothesis import HealthCheck, core, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers
from loguru import logger
from xdist.scheduler import LoadGroupScheduling

# What the collection of seven thousand tests makes stays to the end: to look through it again and again, here and in every
# test's full pass, is a tenth of the suite's time. Most of what a test makes is gone with its last reference.
gc.disable()
_MADE_BEFORE_A_PASS = 20_000
_LONGEST_ID = 100


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(_MADE_BEFORE_A_PASS)
    gc.enable()


def pytest_make_parametrize_id(val: object) -> str | None:
    """A file of 300,000 characters is no name: each goes to the controller six times, and into every child's environment."""
    if isinstance(val, (str, bytes)) and len(val) > _LONGEST_ID:
        return f"{val[:60]!a} and so on, {len(val)} in all"
    return None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Lives of whole processes come first: one that began last would be waited for by itself."""
    items.sort(key=lambda item: "live_line" not in item.path.parts)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object | None:
    return _Groups(config, log) if config.getvalue("dist") == "loadgroup" else None


class _Groups(LoadGroupScheduling):  # type: ignore[misc]  # it brings no types
    """Forgets what is done: after each test xdist looks for what is pending in all that a worker has ever had."""

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        super().mark_test_complete(node, item_index, duration)
        work = self.assigned_work[node]
        unit = self._split_scope(self.registered_collections[node][item_index])
        if all(work[unit].values()):
            del work[unit]


# A shell that puts its children behind it lets them ignore Ctrl-C, and theirs too; some tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# loguru keeps the stderr it was first imported under. Here that is pytest's own, which lasts; a test's would be closed long
# before the next line is logged. A thread that ends late finds even pytest's closed.
logger.remove()
logger.add(sys.stderr, filter=lambda _, kept=sys.stderr: not kept.closed)

# A change is judged by the same examples each time; new ones are looked for at night (HYPOTHESIS_PROFILE=search).
_SUITE = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("suite", _SUITE)
settings.register_profile("search", _SUITE, derandomize=False, print_blob=True)
settings.load_profile(_PROFILE := os.environ.get("HYPOTHESIS_PROFILE", "suite"))
if _PROFILE == "suite":
    # Else one draw of twenty is a constant of our own modules, of those that other tests have imported so far: the examples
    # would hang on the order of the tests. To sift ten thousand constants for each kind of draw took a sixth of their time.
    providers.is_local_module_file = lambda _: False  # type: ignore[attr-defined, assignment]  # no setting does it


@cache
def _source_of(function: Callable[..., Any]) -> bytes:
    return f"{function.__qualname__}\n{inspect.getsource(function)}".encode()


def _digest(function: Callable[..., Any]) -> bytes:
    """Of a test and its parameters, which begin its examples. Hypothesis takes the source's tokens twice for each of them: a
    tenth of the small ones' time."""
    return sha384(_source_of(function) + getattr(function, "_hypothesis_internal_add_digest", b"")).digest()


core.function_digest = _digest  # type: ignore[attr-defined]  # as above

st.register_type_strategy(
    datetime,
    st.datetimes(min_value=datetime(2005, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  the zone is added
)
st.register_type_strategy(
    Decimal, st.decimals(min_value=-(10**6), max_value=10**6, places=2, allow_nan=False, allow_infinity=False)
)
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(Mapping, st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))


@pytest.fixture(autouse=True, scope="module")
def _a_current_event_loop() -> Iterator[None]:
    """ib_insync asks for the thread's loop, which ``asyncio.run`` in an earlier test takes away for good."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture(autouse=True, scope="module")
def _no_log_is_left_open() -> Iterator[None]:
    """A sink that outlives its test writes to what pytest has closed, in whatever test comes next."""
    before = set(logger._core.handlers)  # type: ignore[attr-defined]  # nothing public names them
    yield
    assert set(logger._core.handlers) <= before  # type: ignore[attr-defined]
