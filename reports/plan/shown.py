"""The whole plan: whom it is about, what is held and cut, who is not told, what it needs, and its hashes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from journal.replay import Run
from reports import facts, reach
from reports.plan.node import Node, drawn, plain
from reports.plan.steps import layers
from reports.text import day, many, safe, whole

if TYPE_CHECKING:
    from rich.console import RenderableType

LOUD = "bold red"


def lines(run: Run, *, whole: bool = False) -> list[str]:
    """The plan, a line each; `whole` names every recorded target, else the first few of each step."""
    return list(plain(nodes(run, every=whole)))


def tree(run: Run, *, whole: bool = False) -> RenderableType:
    """The same for a terminal: a tree by layer."""
    return drawn(nodes(run, every=whole))


def nodes(run: Run, *, every: bool) -> list[Node]:
    """What both are made of; nothing where there is no plan."""
    planned, opened = run.planned, run.opened
    if not planned:
        return []
    found = [_head(planned), *_file(planned), *_reach(run), *layers(planned, every=every), *_open(run)]
    found += [
        Node(f"{title}: {safe(said)}", style)
        for title, said, style in (
            ("Breaks", opened.get("breaks"), "yellow"), ("Wakes", planned.get("wakes"), "yellow"),
            ("Does not", opened.get("does_not"), ""),
        ) if said
    ]  # fmt: skip
    found += [*_people(planned), *_guardrails(planned), *_time(planned), *_permissions(planned)]
    return [
        *found,
        _in_all(planned),
        Node(f"Plan {safe(planned['plan_hash'][:8])}, scope {safe(planned['scope_hash'][:8])}", "bold"),
    ]


def _in_all(planned: Mapping[str, Any]) -> Node:
    """Once more what matters, where the eye is when it has scrolled by."""
    rows = planned["steps"]
    held = [whole(row["missing"]) for row in rows if row["kind"] == "hold" and not row.get("below")]
    cut = [
        whole(row["missing"]) for row in rows if row["kind"] == "cut" or (row["kind"] == "hold" and row.get("below"))
    ]
    hands = sum(row["kind"] == "manual" for row in rows)
    title = safe((planned.get("first") or {}).get("title") or planned["first_line"], 120)
    also = f", {hands} by hand" if hands else ""
    return Node(f"IN ALL, for {title}: {sum(held)} held at once, {sum(cut)} cut after approval{also}", "bold")


def _head(planned: Mapping[str, Any]) -> Node:
    first = planned.get("first")
    if not first:
        return Node(safe(planned["first_line"], 2000), "bold")
    loud = first["unused"] or first["used_from"] in first["strange_addresses"]
    under = [*(Node(safe(way)) for way in first["ways"]), Node(safe(first["use"]), LOUD if loud else "")]
    if first["others"]:
        under.append(Node(safe(first["others"]), LOUD))
    if first["people"]:
        under.append(Node(_count(whole(first["people"]), "person")))
    if first["alike"]:
        names = ", ".join(safe(name, 60) for name in first["alike"])
        under.append(Node(f"Also exists: {names} (not touched)", "bold yellow"))
    return Node(safe(first["title"]), "bold", tuple(under))


def _file(planned: Mapping[str, Any]) -> list[Node]:
    """Where a plan file is carried out: which one, and what is there now beside it."""
    filed = planned.get("plan_file")
    if not filed:
        return []
    outside = [Node(f"{safe(step, 60)}: {safe(why)}", LOUD) for step, why in filed["outside"].items()]
    gone = [Node(f"{safe(step, 60)}: {many(whole(count), 'target')} of the file gone by now, held already")
            for step, count in filed["gone"].items()]  # fmt: skip
    head = f"Carries out plan file {safe(filed['sha256'][:8])}, made {day(safe(filed['made_at'], 40))}, and nothing beside it"
    return [Node(head, "bold", (*outside, *gone))]


def _reach(run: Run) -> list[Node]:
    """What it reaches and what stops with it, before what is done about it."""
    head = reach.head(run)
    if not head:
        return []
    gaps = reach.gaps(run)
    ends = [Node("Stays open or in doubt", "", tuple(Node(said, "yellow") for said in gaps))] if gaps else []
    asks = [Node(reach.ask(run))] if reach.ask(run) else []
    return [Node(head, "bold", (*(Node(said, "yellow") for said in reach.stops(run)), *ends, *asks))]


def _open(run: Run) -> list[Node]:
    """Each foothold that no step covers, and what nobody has looked for."""
    discovered = run.planned.get("discovered") or {}
    return [
        *(Node(line, LOUD) for line in facts.uncovered(run)),
        *([Node(f"Other ways in as of {safe(discovered['source'])}")] if discovered.get("source") else []),
        *(Node(safe(said, 500), "bold yellow") for said in discovered.get("said", ())),
    ]


def _people(planned: Mapping[str, Any]) -> list[Node]:
    found = [
        Node(f"NOT TOLD by step {safe(one['step'], 60)}: {safe(one['why'])}", LOUD)
        for one in planned.get("not_told", ())
    ]
    for one in planned.get("not_asked", ()):
        roles = " or ".join(safe(role, 20) for role in one["roles"])
        asked = f"NOT ASKED as {roles}, and not told" if roles else "NOT TOLD"
        found.append(Node(f"{asked}: whoever has {safe(one['account'], 120)}, which is among the targets", LOUD))
    return found


def _count(number: int, noun: str) -> str:
    return f"{number} people" if noun == "person" and number != 1 else many(number, noun)


def _guardrails(planned: Mapping[str, Any]) -> list[Node]:
    rails = planned.get("guardrails")
    if not rails:
        return []
    said = []
    for one, name in (("people", "person"), ("services", "service")):
        limit = rails[f"max_{one}"]
        bound = f" of at most {whole(limit)}" if limit is not None else " (no guardrail)"
        so_far = f", {whole(rails[f'{one}_so_far'])} of them before this plan" if rails[f"{one}_so_far"] else ""
        said.append(f"{_count(whole(rails[one]), name)}{bound}{so_far}")
    found = [Node(f"Cuts off {' and '.join(said)}")]
    if rails["asks"]:
        why = "; ".join(safe(one) for one in rails["asks"])
        found.append(
            Node(f"GUARDRAIL: {why}: asks {many(whole(rails['approvals']), safe(rails['needs'], 20))} first", LOUD)
        )
    return found


def _time(planned: Mapping[str, Any]) -> list[Node]:
    time = planned.get("time")
    if not time:
        return []
    longest = max(time["by_connection_ms"].items(), key=lambda one: whole(one[1]), default=("", 0))
    at = f", {safe(longest[0], 60)} longest" if longest[0] else ""
    return [Node(f"Takes {about(whole(time['ms']) / 1000)} by rate limits{at}; what is known later is not counted")]


def about(seconds: float) -> str:
    """`under 1 s`, `about 3 s`, `about 4 min`, `about 2 h`: a plan is no stopwatch."""
    if seconds < 1:
        return "under 1 s"
    for least, span, name in ((3600, 3600, "h"), (90, 60, "min")):
        if seconds >= least:
            return f"about {round(seconds / span)} {name}"
    return f"about {round(seconds)} s"


def _permissions(planned: Mapping[str, Any]) -> list[Node]:
    needs = planned.get("permissions")
    if not needs:
        return []
    under = []
    for name, one in needs.items():
        said = [
            f"{kind} {', '.join(_each(one[key]))}" for kind, key in (("look", "looks"), ("send", "calls")) if one[key]
        ]
        under.append(Node(f"{safe(name, 60)}: {'; '.join(said)}", "dim"))
    return [Node("Needs these permissions, and no more", "", tuple(under))]


def _each(permissions: Sequence[str]) -> list[str]:
    """Each once: an action may need several, and several actions the same."""
    return list(dict.fromkeys(safe(each, 300) for one in permissions for each in str(one).split(", ")))
