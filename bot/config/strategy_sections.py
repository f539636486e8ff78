"""The strategies' settings, made from their SPECs: parameters, exits, and which options carry their ideas."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import Field, create_model

from bot.config.fields import Count, Fraction, Lower, Minutes, Section, doc
from bot.strategies.registry import STRATEGIES
from bot.strategies.spec import Meaning, StrategySpec, meaning_of


class StrategyOptionsSection(Section):
    """Which contract carries its ideas. Each null takes the general setting of `options`."""

    expiry: Annotated[str, Lower] | None = doc(None, "Overrides options.expiry for this strategy.")
    moneyness: Annotated[str, Lower] | None = doc(None, "Overrides options.moneyness for this strategy.")
    max_spread_pct: Fraction | None = doc(None, "Overrides options.max_spread_pct for this strategy.")


class StrategySection(Section):
    """What every strategy has beside its own parameters."""

    time_stop_minutes: Count | None = doc(
        None, "Close a position after this many minutes, nights included; null: never."
    )
    flat_by_session_end: bool = doc(
        False,
        "true: close positions session.exit_minutes_before_close before the close; false: keep overnight.",
    )
    take_profit_pct: Annotated[Decimal, Field(gt=0, le=10)] | None = doc(
        None, "Overrides risk.take_profit_pct for this strategy."
    )
    stop_loss_pct: Annotated[Decimal, Field(gt=0, lt=1)] | None = doc(
        None, "Overrides risk.stop_loss_pct for this strategy."
    )
    alloc_pct: Fraction | None = doc(
        None,
        "Part of equity that its open positions may cost together; null: no limit but the whale's, "
        "risk.whale_alloc_pct.",
    )
    wait_minutes: Minutes = doc(
        0,
        "A signal outside the entry window waits for so many minutes of open market and is judged again; 0: no wait.",
    )
    max_gap_pct: Fraction | None = doc(
        None,
        "Drop a waiting signal when the underlying has moved by more than this since; null: however far.",
    )
    options: StrategyOptionsSection = doc(StrategyOptionsSection(), "")


def _parameter(kind: Any, meaning: Meaning) -> Any:
    """The type with the parameter's range; of a band, each end's."""
    bounds = Field(ge=meaning.least, gt=meaning.above, le=meaning.most)
    if get_origin(kind) is tuple:
        return tuple[tuple(Annotated[one, bounds] for one in get_args(kind))]  # type: ignore[misc]
    return Annotated[kind, bounds]


def _made(name: str, base: type[Section], text: str | None, members: dict[str, Any]) -> Any:
    # pydantic's signature asks that each member's type be known before the program runs; these come from the SPECs.
    return create_model(name, __base__=base, __doc__=text, **members)


def _with_defaults(base: type[Section], source: Any) -> Any:
    """The section with the values of a SPEC's dataclass, which has the same names, as its defaults."""
    changed = {}
    for one in fields(source):
        member = base.model_fields[one.name]
        changed[one.name] = (
            member.rebuild_annotation(),
            doc(getattr(source, one.name), member.description or ""),
        )
    return _made(base.__name__, base, base.__doc__, changed)


def _section(spec: StrategySpec[Any]) -> type[StrategySection]:
    kinds = get_type_hints(spec.parameters)
    own: dict[str, Any] = {
        one.name: (_parameter(kinds[one.name], meaning_of(one)), doc(one.default, meaning_of(one).text))
        for one in fields(spec.parameters)
    }
    # The whale's allocation has a key of its own, risk.whale_alloc_pct, from before strategies had sections.
    terms = replace(spec.terms, alloc_pct=None) if spec.name == "whale" else spec.terms
    options = _with_defaults(StrategyOptionsSection, spec.options)
    own["options"] = (options, doc(options(), ""))
    name = "".join(part.capitalize() for part in spec.name.split("_")) + "Section"
    made: type[StrategySection] = _made(name, _with_defaults(StrategySection, terms), spec.summary, own)
    return made


def _all_sections() -> type[Section]:
    sections = {spec.name: _section(spec) for spec in STRATEGIES}
    made: type[Section] = _made(
        "StrategiesSection",
        Section,
        "The strategies' own parameters.",
        {name: (section, doc(section(), "")) for name, section in sections.items()},
    )
    return made


StrategiesSection = _all_sections()
