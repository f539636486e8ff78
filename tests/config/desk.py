"""A desk to write settings on: a file, a .env and an environment, all of the test's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.config import Settings, load_settings
from bot.domain.errors import FixTheConfiguration


@dataclass(frozen=True)
class Desk:
    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "settings.yaml"

    @property
    def dotenv(self) -> Path:
        return self.folder / ".env"

    def load(self, text: str = "", variables: Mapping[str, str] | None = None, dotenv: str = "") -> Settings:
        self.file.write_text(text, encoding="utf-8")
        self.dotenv.write_text(dotenv, encoding="utf-8")
        return load_settings(self.file, variables or {}, self.dotenv)

    def refused(
        self, text: str = "", variables: Mapping[str, str] | None = None, dotenv: str = ""
    ) -> list[str]:
        """The complaint's lines, with the test's own folder left out."""
        with pytest.raises(FixTheConfiguration) as caught:
            self.load(text, variables, dotenv)
        assert caught.value.exit_code == 78
        return str(caught.value).replace(f"{self.folder}/", "").splitlines()
