"""One scrape as a mapping, and a status to scrape."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from bot.ops.metrics.endpoint import Metrics

Samples = dict[str, dict[tuple[tuple[str, str], ...], float]]


def scraped(metrics: Metrics) -> Samples:
    """Sample name → (sorted labels → value), as a Prometheus would read it."""
    found: Samples = {}
    for family in text_string_to_metric_families(generate_latest(metrics.registry).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def value(samples: Samples, name: str, labels: Mapping[str, str] | None = None) -> float:
    return samples[name][tuple(sorted((labels or {}).items()))]
