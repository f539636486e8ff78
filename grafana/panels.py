"""The house's panels: each has an id that never changes, a unit, a description and thresholds of its own.

Ids are what alerts link to (``?viewPanel=panel-4``), so they are given by hand and never used again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from grafana_foundation_sdk.builders import bargauge, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as models

SOURCE = models.DataSourceRef(type_val="prometheus", uid="prometheus")
REFS = "ABCDEFGH"

Panel: TypeAlias = Any
"""One of the library's panel builders; they share their methods, but no base class."""
Steps: TypeAlias = tuple[tuple[float | None, str], ...]
"""(from this value on, colour), ascending; the first is for everything below."""

NEUTRAL: Steps = ((None, "blue"),)
ZERO_IS_GOOD: Steps = ((None, "green"), (1, "red"))


@dataclass(frozen=True, slots=True)
class Query:
    """An expression and the name its series bear. ``is_now`` asks for the latest value only."""

    expr: str
    legend: str = ""
    is_now: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What every panel needs. ``span`` is of 24 columns, ``height`` in grid rows."""

    id: int
    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    steps: Steps = NEUTRAL
    decimals: float | None = None
    span: int = 6
    height: int = 8
    none: str = "–"


def _dressed(panel: Panel, plan: Plan) -> Panel:
    steps = [models.Threshold(value=value, color=color) for value, color in plan.steps]
    panel = (
        panel.id(plan.id)
        .title(plan.title)
        .description(plan.description)
        .unit(plan.unit)
        .no_value(plan.none)
        .span(plan.span)
        .height(plan.height)
        .datasource(SOURCE)
        .thresholds(dashboards.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps))
    )
    if plan.decimals is not None:
        panel = panel.decimals(plan.decimals)
    for ref, query in zip(REFS, plan.queries, strict=False):
        panel = panel.with_target(_target(ref, query))
    return panel


def _latest(plan: Plan) -> Plan:
    """A number must not outlive its bot: what is shown is what is true now, or ``none``."""
    return replace(plan, queries=tuple(replace(query, is_now=True) for query in plan.queries))


def _target(ref: str, query: Query) -> prometheus.Dataquery:
    target = (
        prometheus.Dataquery().ref_id(ref).expr(query.expr).legend_format(query.legend).datasource(SOURCE)
    )
    return target.instant() if query.is_now else target.range()


def number(plan: Plan, *, names: tuple[tuple[float, str, str], ...] = (), spark: bool = False) -> Panel:
    """One or a few large numbers. ``names`` gives values words and colours: (value, word, colour).

    With ``spark`` its course is drawn behind it, and the last value of the time range is shown, however old. A whole field
    of red means danger, so only verdicts have one; a loss is red figures.
    """
    is_a_verdict = (bool(names) or plan.steps != NEUTRAL) and not spark
    panel = (
        stat.Panel()
        .color_mode(common.BigValueColorMode.BACKGROUND if is_a_verdict else common.BigValueColorMode.VALUE)
        .graph_mode(common.BigValueGraphMode.AREA if spark else common.BigValueGraphMode.NONE)
        .text_mode(common.BigValueTextMode.AUTO)
        .color_scheme(dashboards.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False))
    )
    return _dressed(panel, plan if spark else _latest(plan)).mappings(_named(names))


def bars(plan: Plan, *, most: float | None = None) -> Panel:
    """Horizontal bars up to ``most``, or to the longest."""
    panel = (
        bargauge.Panel()
        .orientation(common.VizOrientation.HORIZONTAL)
        .display_mode(common.BarGaugeDisplayMode.BASIC)
        .color_scheme(dashboards.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False))
        .min(0)
    )
    return _dressed(panel if most is None else panel.max(most), _latest(plan))


def lines(plan: Plan, *, stacked_bars: bool = False, from_zero: bool = True, marks: bool = False) -> Panel:
    """Curves over time. ``marks`` draws the thresholds as lines."""
    panel = (
        timeseries.Panel()
        .color_scheme(dashboards.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC))
        .line_width(2)
        .fill_opacity(70 if stacked_bars else 10)
        .show_points(common.VisibilityMode.NEVER)
        .legend(
            common_builders.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
    )
    if from_zero:
        panel = panel.axis_soft_min(0)
    if stacked_bars:
        panel = panel.draw_style(common.GraphDrawStyle.BARS).stacking(
            common_builders.StackingConfig().mode(common.StackingMode.NORMAL).group("A")
        )
    if marks:
        style = common_builders.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds_style(style)
    return _dressed(panel, plan)


def timeline(plan: Plan, *, names: tuple[tuple[float, str, str], ...]) -> Panel:
    """States over time, in words and colours."""
    panel = (
        statetimeline.Panel()
        .color_scheme(dashboards.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .show_value(common.VisibilityMode.AUTO)
        .merge_values(True)
        .row_height(0.8)
        .legend(
            common_builders.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
    )
    return _dressed(panel, plan).mappings(_named(names))


def rows(plan: Plan, *, columns: tuple[tuple[str, str], ...]) -> Panel:
    """A table of the labels and the value named in ``columns``: (field, heading), in this order."""
    panel = _dressed(table.Panel().show_header(True), plan)
    order = {field: n for n, (field, _) in enumerate(columns)}
    renamed = {field: heading for field, heading in columns if heading != field}
    for query in panel.build().targets or []:
        query.format_val = "table"
    return panel.with_transformation(
        models.DataTransformerConfig(id_val="filterFieldsByName", options={"include": {"names": list(order)}})
    ).with_transformation(
        models.DataTransformerConfig(
            id_val="organize", options={"indexByName": order, "renameByName": renamed}
        )
    )


def _named(names: tuple[tuple[float, str, str], ...]) -> list[models.ValueMapping]:
    if not names:
        return []
    options = {
        f"{value:g}": models.ValueMappingResult(text=text, color=color, index=n)
        for n, (value, text, color) in enumerate(names)
    }
    return [models.ValueMap(options=options)]
