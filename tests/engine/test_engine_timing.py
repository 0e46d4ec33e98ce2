"""How long a plan takes by the rates: writes that a provider wants apart count by their gap."""

from __future__ import annotations

from types import SimpleNamespace as Some

from connectors.core import Rate
from engine.plan.timing import seconds


def live(rate: Rate):
    bound = Some(action=Some(sees=object()), connection="at")
    return Some(bound={"step": bound}, links={"at": Some(wire=Some(connection=Some(connector=Some(rate=rate))))})


def observed(writes: int, requests: int):
    return {"step": Some(sights={n: Some(missing=(n,)) for n in range(writes)}, requests=requests)}


def test_writes_that_go_apart_are_counted_by_their_gap_and_others_by_the_rate():
    assert seconds(live(Rate(10)), observed(20, 10)) == {"at": 4.0}
    assert seconds(live(Rate(10, write_gap_s=1.0)), observed(20, 10)) == {"at": 20.0}
    assert seconds(live(Rate(10, write_gap_s=0.01)), observed(20, 10)) == {"at": 4.0}, "the rate is slower"
