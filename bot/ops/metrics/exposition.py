"""The families as the client library of Prometheus has them.

Rule: loaded when scrapes are listened for; with the HTTP server that the library brings it takes 5 MiB and a tenth of a start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from bot.ops.metrics.family import PREFIX, Family, MetricKind, Picture, SampleValue, Summed, as_number
from bot.ops.status.histogram import Histogram
from bot.ops.status.status import Status

_KINDS: dict[MetricKind, Callable[..., Metric]] = {
    "gauge": GaugeMetricFamily,
    "counter": CounterMetricFamily,
    "summary": SummaryMetricFamily,
    "histogram": HistogramMetricFamily,
}


def registry_of(families: Sequence[Family], picture: Callable[[], Picture]) -> CollectorRegistry:
    """Of these families, read from one picture at each scrape, and of the process itself."""
    scraped = CollectorRegistry()
    scraped.register(_Families(families, picture))
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=scraped)
    return scraped


class _Families(Collector):
    def __init__(self, families: Sequence[Family], picture: Callable[[], Picture]) -> None:
        self._families, self._picture = families, picture

    def collect(self) -> Iterable[Metric]:
        picture = self._picture()
        for family in self._families:
            yield collected(family, picture)

    def describe(self) -> Iterable[Metric]:
        """Names only, so that registering reads no picture."""
        return [collected(family, Picture(Status())) for family in self._families]


def collected(family: Family, picture: Picture) -> Metric:
    """One family's samples."""
    metric = _KINDS[family.kind](PREFIX + family.name, family.help, labels=family.labels)
    for labels, value in family.read(picture):
        _add(metric, labels, value)
    return metric


def _add(metric: Metric, labels: tuple[str, ...], value: SampleValue | Summed | Histogram) -> None:
    if isinstance(metric, HistogramMetricFamily) and isinstance(value, Histogram):
        metric.add_metric(labels, value.cumulative(), value.total)
    elif isinstance(metric, SummaryMetricFamily) and isinstance(value, tuple):
        metric.add_metric(labels, *value)
    elif isinstance(metric, GaugeMetricFamily | CounterMetricFamily) and not isinstance(
        value, tuple | Histogram
    ):
        number = as_number(value)
        if number is not None:
            metric.add_metric(labels, number)
    else:
        raise TypeError(f"{metric.name}: {value!r} is no sample of a {metric.type}")
