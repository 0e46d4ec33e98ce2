"""How many alerts came, from whom, and what became of them at the door: counts, and nothing of what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

STRANGER = ""
"""Stands for all senders that the configuration does not name."""


class Counts:
    """Of one process, since it began.

    Attributes:
        accepted, again: deliveries by sender. refused: by sender and why.
    """

    def __init__(self) -> None:
        """Begin at nothing."""
        self.accepted: Counter[str] = Counter()
        self.again: Counter[str] = Counter()
        self.refused: Counter[tuple[str, str]] = Counter()

    def metrics(self) -> Iterator[Metric]:
        """As Prometheus has them."""
        yield _by("ringfence_alerts_accepted", "Deliveries of alerts that were kept.", self.accepted)
        yield _by("ringfence_alerts_again", "Deliveries of alerts that had been kept before.", self.again)
        refused = CounterMetricFamily(
            "ringfence_alerts_refused", "Deliveries that were turned away at the door.", labels=["source", "why"]
        )
        for (name, why), count in sorted(self.refused.items()):
            refused.add_metric([name, why], count)
        yield refused


def _by(name: str, said: str, counts: Counter[str]) -> Metric:
    family = CounterMetricFamily(name, said, labels=["source"])
    for source, count in sorted(counts.items()):
        family.add_metric([source], count)
    return family
