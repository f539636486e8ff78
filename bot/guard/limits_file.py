"""The guard's own file of limits: read, checked, and named in words when it is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from bot.domain.errors import FixTheConfiguration
from bot.guard.core.limits import Limits


def read_limits(path: Path) -> Limits:
    """The limits of a file. Errors: FixTheConfiguration naming the file, the key and what is wrong."""
    try:
        found: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FixTheConfiguration(f"{path}: there is no such file; copy configs/guard.yaml there") from None
    except OSError as error:
        remedy = "the guard's user must be able to read it"
        raise FixTheConfiguration(f"{path}: cannot be read ({error.strerror}); {remedy}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FixTheConfiguration(f"{path}: not YAML: {' '.join(str(error).split())[:200]}") from None
    try:
        return Limits.model_validate(found)
    except ValidationError as error:
        raise FixTheConfiguration(f"{path}: {'; '.join(_complaints(error))}") from None


def _complaints(error: ValidationError) -> list[str]:
    return [
        f"{'.'.join(str(part) for part in row['loc']) or 'file'}: {row['msg']}"
        for row in error.errors(include_url=False, include_input=False)
    ]
