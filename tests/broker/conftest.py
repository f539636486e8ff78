"""Fixtures of the adapter's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.broker.script import LIBRARIES, ScriptedGateway


@pytest.fixture
def gateway() -> Iterator[ScriptedGateway]:
    gateway = ScriptedGateway()
    yield gateway
    gateway.close()


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> str:
    return str(request.param)
