"""A setting that nothing reads promises what it does not keep."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from bot.config import Settings

BOT = Path(__file__).parents[2] / "bot"


def leaves(model: type[BaseModel]) -> set[str]:
    found: set[str] = set()
    for name, field in model.model_fields.items():
        kind = field.annotation
        found |= leaves(kind) if isinstance(kind, type) and issubclass(kind, BaseModel) else {name}
    return found


@pytest.fixture(scope="module")
def attributes_read() -> set[str]:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in BOT.rglob("*.py"))
    return set(re.findall(r"\.([a-z][a-z0-9_]*)\b", sources))


def test_every_setting_is_read_somewhere(attributes_read: set[str]) -> None:
    names = leaves(Settings)
    assert len(names) > 100
    assert names - attributes_read == set()
