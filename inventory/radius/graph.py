"""The blast radius as nodes and edges: what every drawing of it draws, each in its own way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from inventory.radius.model import STATES, Act, Credentials, Downstream, Foothold, Radius
from inventory.radius.text import contact, shown

Kind = Literal["vendor", "integration", "foothold", "credentials", "account", "data", "serves", "downstream"]
Mark = Literal["", "hold", "cut", "warn", "soft"]

READS = "what it can read"
STOPS = "what stops with it"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a node. `n`: its place in the order of revocation, where it is an action; else 0."""

    text: str
    mark: Mark = ""
    n: int = 0


@dataclass(frozen=True, slots=True)
class Node:
    """One box.

    Attributes:
        group: of a foothold its layer; of what stands at the end whether it is read or stops.
        state: of a foothold, how it can be closed; else "".
        depth: of what stops, how far it is from here.
    """

    id: str
    kind: Kind
    title: str
    lines: tuple[Line, ...] = ()
    group: str = ""
    state: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Edge:
    """`of` reaches `to`, or `to` stops with `of`; `why` in a word."""

    of: str
    to: str
    why: str


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in reading order, and the edges between them."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {"nodes": [asdict(node) for node in self.nodes], "edges": [asdict(edge) for edge in self.edges]}


def graph(of: Radius) -> Graph:
    """All of it. Every text is one printable line by now; it is escaped by whoever draws it."""
    nodes = [_vendor(of), _integration(of)]
    edges = [Edge("vendor", "integration", "holds")]
    for foothold in of.footholds:
        key = f"foothold:{foothold.id}"
        nodes.append(_foothold(foothold))
        edges.append(Edge("integration", key, "comes in by"))
        for part in foothold.credentials:
            below = f"credentials:{foothold.id}:{part.kind}"
            nodes.append(_credentials(part, below))
            edges.append(Edge(key, below, "gave out"))
        for account in foothold.accounts:
            below = f"account:{account.name}"
            if all(node.id != below for node in nodes):
                said = (
                    f"is foothold {shown(account.foothold)}" if account.foothold else "NO FOOTHOLD HERE: close it too"
                )
                nodes.append(
                    Node(below, "account", shown(account.name), (Line(said, "" if account.foothold else "warn"),))
                )
            edges.append(Edge(key, below, "works as"))
            if account.foothold:
                edges.append(Edge(below, f"foothold:{account.foothold}", "is"))
    ends = [*_data(of), *_stops(of)]
    nodes += ends
    edges += [Edge("integration", node.id, "reads") for node in ends if node.kind == "data"]
    edges += [Edge("integration", node.id, "serves") for node in ends if node.kind == "serves"]
    for each in of.downstream:
        edges += [
            Edge("integration" if by == of.id else f"downstream:{by}", f"downstream:{each.id}", "is needed by")
            for by in each.by
        ]
    return Graph(tuple(nodes), tuple(edges))


def _vendor(of: Radius) -> Node:
    reached = Line(contact(of.security)) if of.security else Line("no security contact", "warn")
    return Node("vendor", "vendor", shown(of.vendor or "a vendor nobody named"), (reached,))


def _integration(of: Radius) -> Node:
    lines = [Line("CRITICAL: a second person first", "warn")] if of.critical else []
    lines += [Line(f"owned by {shown(of.owner)}")]
    lines += [Line(shown(of.purpose), "soft")] if of.purpose else []
    lines += [Line(f"comes from {', '.join(map(shown, of.addresses)) or 'addresses nobody wrote down'}", "soft")]
    lines += [Line(counts(of))]
    lines += [Line(shown(one), "warn") for one in of.cannot]
    lines += [Line(f"live without: {shown(of.without)}")] if of.without else []
    return Node("integration", "integration", shown(of.title), tuple(lines))


def counts(of: Radius) -> str:
    """`3 footholds, 45 credentials, 41 people`."""
    parts = [many(len(of.footholds), "foothold")]
    parts += ["credentials not counted"] if of.credentials is None else [many(of.credentials, "credential")]
    parts += [f"{of.people} {'person' if of.people == 1 else 'people'}"] if of.people else []
    return ", ".join(parts)


def many(count: int, noun: str) -> str:
    """`1 token`, `2 tokens`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _foothold(of: Foothold) -> Node:
    lines = [Line(shown(of.place), "soft")]
    if of.found:
        lines.append(Line(f"{'found' if of.sure else 'likely'}: {shown(of.found)}", "" if of.sure else "warn"))
    for act in of.acts:
        lines.append(Line(done(act), act.way, act.n))
        lines += [Line(f"to get back: {back(act)}", "soft")] if act.way == "cut" else []
    lines += [Line(shown(one), "warn") for one in of.cannot]
    return Node(f"foothold:{of.id}", "foothold", shown(of.id), tuple(lines), of.layer, of.state)


def done(act: Act) -> str:
    """`disable_client: blocks reissue`, or `revoke_token, each listed: kills refresh, kills access`."""
    each = ", each listed" if act.each else ""
    does = ", ".join(family.replace("-", " ") for family in act.does)
    return f"{act.name.rpartition('.')[2]}{each}: {does}"


def back(act: Act) -> str:
    """What it takes to get back from a cut."""
    return shown(act.irreversible or "nobody wrote down how")


def _credentials(part: Credentials, key: str) -> Node:
    return Node(key, "credentials", counted(part), tuple(_said(part)))


def counted(part: Credentials) -> str:
    """`45 tokens`, or `tokens, not counted`."""
    kind = shown(part.kind)
    return f"{kind}s, not counted" if part.count is None else many(part.count, kind)


def _said(part: Credentials) -> Iterator[Line]:
    if part.people:
        yield Line(f"of {part.people} {'person' if part.people == 1 else 'people'}")
    if part.scopes:
        yield Line(f"may {some(part.scopes)}")
    if part.used_at:
        yield Line(f"last used {shown(part.used_at)[:19].replace('T', ' ')}")
    yield Line(by_whom(part), "soft")


def by_whom(part: Credentials) -> str:
    """Who can tell what there is of them."""
    if part.listed_by:
        return f"listed by {part.listed_by}"
    return "no find lists them" if part.count is None else "counted by discovery"


def some(names: Sequence[str], most: int = 3) -> str:
    """The first of them, and how many more."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(shown(name, 80) for name in names[:most])}{more}"


def _data(of: Radius) -> list[Node]:
    nodes = [Node(f"data:{name}", "data", shown(name), (), READS) for name in of.data]
    return nodes or [Node("data:", "data", "nobody wrote down what", (), READS)]


def _stops(of: Radius) -> list[Node]:
    nodes = [Node(f"serves:{at}", "serves", shown(said), (), STOPS) for at, said in enumerate(of.serves)]
    nodes += [_downstream(each, of) for each in of.downstream]
    return nodes or [Node("serves:", "serves", "nobody wrote down what", (), STOPS)]


def _downstream(one: Downstream, of: Radius) -> Node:
    lines = [] if one.known else [Line("in no file of ours", "warn")]
    lines += [Line("CRITICAL", "warn")] if one.critical else []
    lines += [Line(f"owned by {shown(one.owner)}", "soft")] if one.owner else []
    also = [shown(by) for by in one.by if by != of.id]
    lines += [Line(f"needs {some(also)}", "soft")] if also else []
    lines += [Line(f"and is needed by {shown(of.id)} in turn", "soft")] if one.id in of.circular else []
    lines += [Line(some(one.serves, 2))] if one.serves else []
    lines += [Line(f"live without: {shown(one.without)}")] if one.without else []
    return Node(f"downstream:{one.id}", "downstream", shown(one.title), tuple(lines), STOPS, depth=one.depth)


STATE_WORDS: dict[str, str] = {name: said.partition(":")[0] for name, said in STATES.items()}
"""A foothold's state as it is told: `can be held`, `takes a cut`."""
