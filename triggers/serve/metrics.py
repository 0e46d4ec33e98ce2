"""What Prometheus is told: counts and times, no name of an integration or a person; of alerts, the configured senders'."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from journal.store import Journal
    from triggers.serve.known import Gist, Known

BUCKETS_S = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
MEDIA = "text/plain; version=0.0.4; charset=utf-8"


class Metrics(Collector):
    """Reads the journal when it is asked. `under_way`: runs in this process. `lapsed`: takings since it began."""

    def __init__(
        self, journal: Journal, known: Known, *, under_way: Callable[[], int], lapsed: Callable[[], int],
        draining: Callable[[], bool], more: Sequence[Callable[[], Iterable[Metric]]] = (),
    ) -> None:  # fmt: skip
        """Register in a registry of its own. `more`: what the other ways in count."""
        self._journal, self._known = journal, known
        self._under_way, self._lapsed, self._draining, self._more = under_way, lapsed, draining, more
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it. Blocks."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Nothing is read when it is registered."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Read the journal, and say it."""
        rows, gists = self._known.gists()
        yield from _runs(list(gists.values()))
        yield _gauge(
            "ringfence_runs_unread",
            "Runs whose record was not taken in yet: the next scrapes do.",
            len(rows) - len(gists),
        )
        yield _gauge(
            "ringfence_waiting_walls",
            "Questions to people that are not answered.",
            sum(g.waits for g in gists.values()),
        )
        lapsed = sum(row.owner is not None and not row.alive for row in rows)
        yield _gauge("ringfence_lapsed_leases", "Runs whose process is gone and that nobody has taken up yet.", lapsed)
        taken = CounterMetricFamily("ringfence_taken_over", "Runs taken up here whose process had gone.")
        taken.add_metric([], self._lapsed())
        yield taken
        yield _gauge("ringfence_under_way", "Runs that this process carries out now.", self._under_way())
        yield _gauge("ringfence_outbox", "Messages on their way to people.", waiting(self._journal))
        yield _gauge("ringfence_draining", "1 while this process ends.", int(self._draining()))
        for counted in self._more:
            yield from counted()


def _runs(gists: list[Gist]) -> Iterator[Metric]:
    runs = GaugeMetricFamily("ringfence_runs", "Runs in the journal by word and mode.", labels=["word", "mode"])
    for (word, mode), count in sorted(Counter((gist.word, gist.mode) for gist in gists).items()):
        runs.add_metric([word, mode], count)
    yield runs
    effects = GaugeMetricFamily("ringfence_effects", "Effects in the journal by word.", labels=["word"])
    for word, count in sorted(sum((gist.effects for gist in gists), Counter[str]()).items()):
        effects.add_metric([word], count)
    yield effects
    times = [gist.held_s for gist in gists if gist.held_s is not None and gist.mode != "dry-run"]
    buckets = [(str(bound), float(sum(one <= bound for one in times))) for bound in BUCKETS_S]
    held = HistogramMetricFamily("ringfence_first_held_seconds", "From the command to the first hold that was proven.")
    held.add_metric([], [*buckets, ("+Inf", float(len(times)))], sum(times))
    yield held


def _gauge(name: str, said: str, value: float) -> Metric:
    return GaugeMetricFamily(name, said, value=value)


def waiting(journal: Journal) -> int:
    """How many messages in the outbox were not sent yet. Blocks."""
    from sqlalchemy import func, select

    from journal.db.tables import outbox

    with journal.database.engine.connect() as conn:
        return int(conn.execute(select(func.count()).where(outbox.c.sent_at.is_(None))).scalar() or 0)
