"""What a case expects against what came: every difference, with the place in the case that expects it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.trial.case import Planned, Told
from engine.trial.run import Came
from engine.trial.wire import Sent


@dataclass(frozen=True)
class Difference:
    """One expectation that was not met. `expected` and `got` are lines, in no order of their own."""

    at: str
    what: str
    expected: tuple[str, ...]
    got: tuple[str, ...]

    def lines(self) -> list[str]:
        """For people: what is missing with a minus, what came instead with a plus."""
        missing = _without(self.expected, self.got)
        more = _without(self.got, self.expected)
        return [f"{self.at}: {self.what}", *(f"  - {one}" for one in missing), *(f"  + {one}" for one in more)]


def compare(told: Told, came: Came) -> list[Difference]:
    """Hold what came against all that is expected."""
    expect = told.case.expect
    found: list[Difference] = []

    def differs(key: str, expected: object, got: object, *more: str | int) -> None:
        if expected != got:
            what = ".".join(["expect", key, *(part for part in more if isinstance(part, str))])
            found.append(Difference(told.at("expect", key, *more), what, _lines(expected), _lines(got)))

    if came.refused and expect.refused is None:
        found.append(Difference(told.at("expect"), "refused before anything was looked at", (), _lines(came.refused)))
        return found
    if expect.refused is not None:
        if expect.refused not in came.refused:
            differs("refused", expect.refused, came.refused or "it was not refused")
        return found
    if expect.word is not None:
        differs(
            "word", expect.word, f"{came.word} ({came.why})" if came.word != expect.word and came.why else came.word
        )
    if expect.why is not None and expect.why not in came.why:
        differs("why", expect.why, came.why or "nothing")
    for name, state in expect.footholds.items():
        differs("footholds", state, came.footholds.get(name, "there is no such foothold"), name)
    for name, standing in expect.steps.items():
        differs("steps", standing, came.standings.get(name, "it stands nowhere"), name)
    rows = {row["id"]: row for row in came.run.planned.get("steps", ())}
    for name, planned in expect.plan.items():
        for key, wanted, got in _planned(planned, rows.get(name), came.kinds.get(name, "")):
            differs("plan", wanted, got, name, key)
    if expect.later is not None:
        later = sorted(name for name, row in rows.items() if row["why"])
        differs("later", sorted(expect.later), later)
    _sends(told, came, differs)
    if expect.recovered is not None:
        differs("recovered", expect.recovered, came.recovered or "it was not tried: say `recover: given`")
    return found


def _sends(told: Told, came: Came, differs: Any) -> None:
    expect = told.case.expect
    there = [sent for sent in came.sent if not sent.back]
    for key, rows, got in (
        ("sent", expect.sent, _lines_of(there)),
        ("given_back", expect.given_back, _lines_of(sent for sent in came.sent if sent.back)),
    ):
        if rows is not None:
            lost = [at for at, row in enumerate(rows) if set(_pairs([row], got)) - set(got)]
            differs(key, _pairs(rows, got), got, *lost[:1])
    counts = Counter(sent.step for sent in there)
    for name, many in expect.sends.items():
        differs("sends", many, counts.get(name, 0), name)
    if expect.order:
        firsts = list(dict.fromkeys(sent.step for sent in there))
        differs("order", " before ".join(expect.order), " before ".join(n for n in firsts if n in expect.order))


def _planned(planned: Planned, row: Mapping[str, Any] | None, kind: str) -> Iterable[tuple[str, Any, Any]]:
    if row is None:
        return [("kind", planned.kind or "a row of the plan", "the plan has no such step")]
    found: list[tuple[str, Any, Any]] = []
    if planned.kind is not None:
        found.append(("kind", planned.kind, str(row.get("kind") or kind)))
    for key, wanted, got in (("calls", planned.calls, row["calls"]), ("targets", planned.targets, row["targets"])):
        if isinstance(wanted, int):
            found.append((key, wanted, len(got)))
        elif wanted is not None:
            found.append((key, sorted(wanted), sorted(got)))
    if planned.held is not None:
        found.append(("held", planned.held, row["held"]))
    if planned.later is not None and planned.later not in row["why"]:
        found.append(("later", planned.later, row["why"] or "it is known already"))
    return found


def _pairs(rows: Iterable[Mapping[str, str]], got: Iterable[str]) -> list[str]:
    """The calls that are expected; where a line is left open at its end, those of `got` that begin so."""
    found: set[str] = set()
    for row in rows:
        for step, line in row.items():
            whole = f"{step}: {line}"
            begins = [one for one in got if one.startswith(whole.removesuffix("..."))] if whole.endswith("...") else []
            found |= set(begins or [whole])
    return sorted(found)


def _lines_of(sent: Iterable[Sent]) -> list[str]:
    return sorted({f"{one.step}: {one.line}" for one in sent})


def _lines(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def _without(these: Iterable[str], those: Iterable[str]) -> list[str]:
    return list((Counter(these) - Counter(those)).elements())
