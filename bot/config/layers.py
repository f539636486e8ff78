"""Where settings come from: the file, .env, credentials of systemd, the environment. Later ones win.

Rule: every value keeps its origin in words, so that a complaint and ``config show`` can say where to look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from yaml.composer import Composer

from bot.config.text_file import text_of
from bot.domain.errors import FixTheConfiguration
from bot.domain.text import made_safe

if TYPE_CHECKING:
    from dotenv.parser import Binding

    _Base: Any = object
else:
    _Base = object

_DEEPEST = 12

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
    text = text_of(path)
    try:
        tree = _loaded(text)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
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


class _Strict(_Base):  # type: ignore[misc]  # mixed into two loaders
    """A key written twice is a mistake, not a choice. Settings need no aliases, which can stand for billions of values, and
    are nested three deep. A date is read by the setting that wants one."""

    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="settings use no aliases (*)", problem_mark=self._here())
        if self._depth >= _DEEPEST:
            raise yaml.MarkedYAMLError(problem="is nested too deep", problem_mark=self._here())
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def _here(self) -> yaml.Mark:
        mark: yaml.Mark = self.peek_event().start_mark
        return mark

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:
        names = [self.construct_object(key, deep=True) for key, _ in node.value]
        for place, (key, _) in enumerate(node.value):
            name = names[place]
            if name in names[:place]:
                raise yaml.MarkedYAMLError(problem=f"{name} is written twice", problem_mark=key.start_mark)
        return super().construct_mapping(node, deep)


class _StrictLoader(_Strict, yaml.SafeLoader):
    """In Python, which says what is wrong in words that people look up."""


_quick: Any = _StrictLoader
if yaml.__with_libyaml__:

    class _QuickLoader(_Strict, Composer, yaml.CSafeLoader):
        """The same over libyaml's parser, which takes a tenth of the time."""

        def __init__(self, text: str) -> None:
            yaml.CSafeLoader.__init__(self, text)
            Composer.__init__(self)

    _quick = _QuickLoader


def _loaded(text: str) -> Any:
    """Raises what the strict loader raises."""
    try:
        return yaml.load(text, _quick)  # noqa: S506  a SafeLoader underneath
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return yaml.load(text, _StrictLoader)  # noqa: S506  as above


def _as_written(loader: Any, node: Any) -> Any:
    return loader.construct_yaml_str(node)


for _loader in (_StrictLoader, _quick):
    _loader.add_constructor("tag:yaml.org,2002:timestamp", _as_written)


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or made_safe(error, 100) or "cannot be read"
    return f"line {mark.line + 1}: {what}" if mark is not None else what


def from_dotenv(path: Path, known: Iterable[str]) -> Layer:
    """A .env file, {} where there is none. Unlike the environment it is ours: unknown names in it are kept, to be refused.

    Raises FixTheConfiguration.
    """
    if not path.exists():
        return {}
    variables = _assignments(path)
    layer = from_variables(variables, known, f"{path}")
    for name, value in variables.items():
        if value and _key(name, known) is None and name not in NOT_SETTINGS:
            layer[name] = Origin(value, str(path))
    return layer


def _assignments(path: Path) -> dict[str, str | None]:
    """Every NAME=value of the file. A line that says nothing may have meant a limit, so it is an error."""
    from dotenv.parser import parse_stream

    found: dict[str, str | None] = {}
    for binding in parse_stream(StringIO(text_of(path))):
        if binding.error or (binding.key is not None and binding.value is None):
            # What stands there is not repeated: it may be a secret.
            raise FixTheConfiguration(
                f"{path}: line {_line_of(binding)} cannot be read; write it as NAME=value"
            )
        if binding.key is not None:
            found[binding.key] = binding.value
    return found


def _line_of(binding: Binding) -> int:
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def from_variables(variables: Mapping[str, str | None], known: Iterable[str], where: str) -> Layer:
    """Variables named as ``RISK__MAX_DAILY_LOSS_PCT`` or in the old way. Empty ones count as not set."""
    found: Layer = {}
    # Sorted so that a new name, which has its own section, wins over the legacy one.
    for name in sorted(variables, key=lambda name: name not in LEGACY):
        value, key = variables[name], _key(name, known)
        if value and key is not None:
            found[key] = Origin(value, f"{where}: {name}")
        elif value and value.lstrip().startswith("{") and _is_section(name.lower(), known):
            found[name.lower()] = Origin(value, f"{where}: {name}")  # refused: a limit in it would be lost
    return found


def understood(layer: Layer, secret_keys: Iterable[str]) -> Layer:
    """The layer with what variables can only spell: ``null`` is nothing, ``[45, 70]`` a list. A secret stays as it is written."""
    secret = frozenset(secret_keys)
    return {
        key: origin if key in secret else Origin(_meant(origin.value), origin.where)
        for key, origin in layer.items()
    }


def _meant(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    if text.strip().lower() in ("null", "~"):
        return None
    if text.strip().startswith("["):
        with suppress(yaml.YAMLError, ValueError, TypeError, RecursionError):
            found = _loaded(text)
            return found if isinstance(found, list) else text
    return text


def _is_section(name: str, known: Iterable[str]) -> bool:
    return any(key.startswith(f"{name}.") for key in known)


def _key(name: str, known: Iterable[str]) -> str | None:
    """The key a variable stands for: anything in a section, so that a typo in it is noticed, or a known top-level key."""
    if name in LEGACY:
        return LEGACY[name]
    key = name.lower().replace("__", ".")
    section, dot, _ = key.partition(".")
    return key if key in known or (dot and _is_section(section, known)) else None


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
    return text_of(path).strip()


def merge_layers(layers: Iterable[Layer]) -> Layer:
    """All layers in one; the later wins."""
    merged: Layer = {}
    sections: set[str] = set()
    for layer in layers:
        for key, origin in layer.items():
            above = [key[:n] for n, letter in enumerate(key) if letter == "."]
            # A whole section written as one value and keys inside it cannot both be meant: the later one is.
            if key in sections or not merged.keys().isdisjoint(above):
                for other in [k for k in merged if k.startswith(f"{key}.") or key.startswith(f"{k}.")]:
                    del merged[other]
            sections.update(above)
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
