"""How long a plan takes by the providers' rate limits alone, and the least permissions that it needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from engine.needed import needs_of_step
from engine.observe import Observation
from engine.state import Live


def seconds(live: Live, seen: Mapping[str, Observation]) -> dict[str, float]:
    """Connection -> seconds for look, send and look again, at its rate. What is known only later is not in it."""
    requests: dict[str, int] = defaultdict(int)
    writes: dict[str, int] = defaultdict(int)
    for name, observed in seen.items():
        bound = live.bound[name]
        if bound.action is None:  # a find or look of its own, or the list that a sweep lists again by itself
            requests[bound.connection] += max(observed.requests, 1)
            continue
        sends = sum(len(sight.missing) for sight in observed.sights.values())
        looks = 0 if bound.action.sees is None else max(observed.requests, 1)
        requests[bound.connection] += 2 * looks + sends
        writes[bound.connection] += sends
    found = {}
    for name, count in requests.items():
        rate = live.links[name].wire.connection.connector.rate
        found[name] = round(max(count * rate.per_s / rate.calls, writes[name] * rate.write_gap_s), 3)
    return dict(sorted(found.items()))


def permissions(live: Live) -> dict[str, dict[str, list[str]]]:
    """Connection -> what our credential must be allowed there, to look and to send: the least, and no more."""
    found: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for bound in live.bound.values():
        for need in needs_of_step(bound) if bound.connection else ():
            found[bound.connection][need.writes].add(need.permission)
    return {name: {"looks": sorted(looks), "calls": sorted(calls)} for name, (looks, calls) in sorted(found.items())}
