"""Where settings come from: the file, .env, credentials of systemd, the environment. Later ones win.

Rule: every value keeps its origin in words, so that a complaint and ``config show`` can say where to look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values

from bot.domain.errors import FixTheConfiguration

LEGACY = {
    "IBKR_HOST": "broker.host",
    "IBKR_PORT": "broker.port",
    "IBKR_CLIENT_ID": "broker.client_id",
    "IBKR_USERNAME": "broker.username",
    "IBKR_PASSWORD": "broker.password",
    "TZ": "timezone",
}
"""Names from before there were sections, by the key they stand for."""
NOT_SETTINGS = frozenset({"IBKR_BOT_CONFIG"})


@dataclass(frozen=True, slots=True)
class Origin:
    """One value as it was written, and where."""

    value: Any
    where: str


Layer = dict[str, Origin]
"""By dotted key."""


def from_file(path: Path) -> Layer:
    """The settings file. FixTheConfiguration where it cannot be read or is no mapping of sections."""
    try:
        tree = yaml.load(path.read_text(encoding="utf-8"), _StrictLoader)  # noqa: S506  a SafeLoader underneath
    except FileNotFoundError:
        raise FixTheConfiguration(f"{path}: there is no such file; give another with --config") from None
    except OSError as error:
        raise FixTheConfiguration(f"{path}: {error.strerror}; make it readable") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FixTheConfiguration(f"{path}: {_place(error)}; correct the file's syntax") from None
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise FixTheConfiguration(f"{path}: holds no settings; write them as `key: value`")
    return {key: Origin(value, str(path)) for key, value in _flat(tree)}


def _flat(tree: Mapping[Any, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


class _StrictLoader(yaml.SafeLoader):
    """A key written twice is a mistake, not a choice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [self.construct_object(key, deep=True) for key, _ in node.value]
        for place, (key, _) in enumerate(node.value):
            name = names[place]
            if name in names[:place]:
                raise yaml.MarkedYAMLError(problem=f"{name} is written twice", problem_mark=key.start_mark)
        return super().construct_mapping(node, deep)


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or "cannot be read as UTF-8 text"
    return f"line {mark.line + 1}: {what}" if mark is not None else what


def from_dotenv(path: Path, known: Iterable[str]) -> Layer:
    """A .env file, {} where there is none. Unlike the environment it is ours: unknown names in it are kept, to be refused.

    Raises FixTheConfiguration.
    """
    if not path.is_file():
        return {}
    try:
        variables = dotenv_values(path, interpolate=False, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FixTheConfiguration(f"{path}: {error}; make it a readable UTF-8 file") from None
    layer = from_variables(variables, known, f"{path}")
    for name, value in variables.items():
        if value and _key(name, known) is None and name not in NOT_SETTINGS:
            layer[name] = Origin(value, str(path))
    return layer


def from_variables(variables: Mapping[str, str | None], known: Iterable[str], where: str) -> Layer:
    """Variables named as ``RISK__MAX_DAILY_LOSS_PCT`` or in the old way. Empty ones count as not set."""
    found: Layer = {}
    # Sorted so that a new name, which has its own section, wins over the legacy one.
    for name in sorted(variables, key=lambda name: name not in LEGACY):
        value, key = variables[name], _key(name, known)
        if value and key is not None:
            found[key] = Origin(value, f"{where}: {name}")
    return found


def _key(name: str, known: Iterable[str]) -> str | None:
    """The key a variable stands for: anything in a section, so that a typo in it is noticed, or a known top-level key."""
    if name in LEGACY:
        return LEGACY[name]
    key = name.lower().replace("__", ".")
    section, dot, _ = key.partition(".")
    return key if key in known or (dot and any(k.startswith(f"{section}.") for k in known)) else None


def from_credentials(directory: Path, secret_keys: Iterable[str]) -> Layer:
    """Files that systemd's LoadCredential provides, named by the whole key or by its last part."""
    found: Layer = {}
    for key in secret_keys:
        for name in (key.rpartition(".")[2], key):
            path = directory / name
            if path.is_file():
                found[key] = Origin(_content(path), f"credential {name}")
    return found


def read_secret_files(layer: Layer, secret_keys: Iterable[str]) -> Layer:
    """The layer with each ``<secret>_file`` replaced by the secret that the named file holds."""
    files = {f"{key}_file": key for key in secret_keys}
    found = {key: origin for key, origin in layer.items() if key not in files}
    for name, key in files.items():
        if layer.get(name) is not None and layer[name].value:
            path = Path(str(layer[name].value)).expanduser()
            found[key] = Origin(_content(path), f"{path}, which {layer[name].where} names")
    return found


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise FixTheConfiguration(f"{path}: {error}; the file of a secret must be readable text") from None


def merge_layers(layers: Iterable[Layer]) -> Layer:
    """All layers in one; the later wins."""
    merged: Layer = {}
    for layer in layers:
        for key, origin in layer.items():
            # A whole section written as one value and keys inside it cannot both be meant: the later one is.
            for other in [k for k in merged if k.startswith(f"{key}.") or key.startswith(f"{k}.")]:
                del merged[other]
            merged[key] = origin
    return merged


def tree(layer: Layer) -> dict[str, Any]:
    """The layer as nested mappings."""
    root: dict[str, Any] = {}
    for key, origin in layer.items():
        *sections, name = key.split(".")
        node = root
        for section in sections:
            node = node.setdefault(section, {})
        node[name] = origin.value
    return root
