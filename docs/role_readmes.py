"""Each role's README.md, made from its argument specs and defaults by ``make docs``.

Rule: the specs are what Ansible itself enforces, so what is said of a variable stands there and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROLES = Path(__file__).parents[1] / "roles"


class Loader(yaml.SafeLoader):
    """Reads defaults as they stand: a value marked unsafe is its text."""


def _text(loader: Loader, node: yaml.ScalarNode) -> Any:
    return loader.construct_scalar(node)


Loader.add_constructor("!unsafe", _text)


def load(path: Path) -> Any:
    """A YAML file; an empty mapping when there is none."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader) if path.exists() else {}  # noqa: S506  a safe one


def cell(value: Any) -> str:
    """A value in a table."""
    if value in ("", None, [], {}):
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text = " ".join(text.split()).replace("|", "\\|")
    return f"`{text}`" if len(text) <= 60 else "see `defaults/main.yml`"


def row(name: str, option: dict[str, Any], defaults: dict[str, Any]) -> str:
    """One variable."""
    kind = option.get("type", "str")
    if choices := option.get("choices"):
        kind += ": " + ", ".join(f"`{choice}`" for choice in choices)
    default = "*required*" if option.get("required") else cell(defaults.get(name, option.get("default")))
    secret = " A secret." if option.get("no_log") else ""
    return f"| `{name}` | {kind} | {default} | {option['description']}{secret} |"


def readme(role: Path) -> str:
    """The text of a role's README."""
    spec = load(role / "meta" / "argument_specs.yml")["argument_specs"]
    defaults = load(role / "defaults" / "main.yml") or {}
    about = load(role / "meta" / "main.yml")["galaxy_info"]
    lines = [f"# {role.name}", "", about["description"], ""]
    if entries := [name for name in spec if name != "main"]:
        lines += ["Besides the whole role, a play may use a part of it (`tasks_from`):", ""]
        lines += [f"- `{name}`: {spec[name]['short_description']}" for name in entries]
        lines += [""]
    lines += ["| variable | type | default | meaning |", "|---|---|---|---|"]
    lines += [row(name, option, defaults) for name, option in spec["main"]["options"].items()]
    tasks = (role / "tasks" / "main.yml").read_text(encoding="utf-8")
    tags = sorted(set(re.findall(rf"{role.name}_(?:install|configure|run)", tasks)))
    lines += ["", "Tags: " + ", ".join(f"`{tag}`" for tag in [role.name, *tags]) + ".", ""]
    lines += ["*Made from the argument specs by `make docs`.*", ""]
    return "\n".join(lines)


def readmes() -> Iterator[tuple[Path, str]]:
    """Every role's README with what it should hold."""
    for role in sorted(path for path in ROLES.iterdir() if path.is_dir()):
        yield role / "README.md", readme(role)
