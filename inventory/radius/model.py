"""What one integration reaches, as data: footholds, what is under them, what stops with it, and how each is closed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from connectors.core import Family, Layer

Way = Literal["hold", "cut"]
State = Literal["hold", "cut", "in-part", "nobody"]

STATES: dict[State, str] = {
    "hold": "can be held: all of that can be undone",
    "cut": "takes a cut: some of that cannot be undone",
    "in-part": "closes in part: something stays open",
    "nobody": "nobody can close it: no action here does, or it is not surely its own",
}
"""What is told of how a foothold can be closed."""

LAYER_OF: dict[str, Layer] = {
    "client": "application", "app": "application", "installation": "application", "webhook": "application",
    "user": "identity", "sso": "identity", "key": "identity", "token": "identity", "role": "identity",
    "principal": "identity", "path": "network", "database_role": "data",
}  # fmt: skip
"""Where a foothold of each kind stands, whichever layers its actions are of."""


@dataclass(frozen=True, slots=True)
class Act:
    """One action that closes a foothold, or a part of it.

    Attributes:
        n: its place in the order of revocation, from 1.
        does: of the families that the foothold needs, those that it fulfils.
        each: the find that lists what it ends one by one; "" where it acts on the foothold itself.
        stops: new access only, or live access as well.
        residual, residual_s, irreversible: as the action declares them.
    """

    name: str
    way: Way
    layer: str
    does: tuple[Family, ...]
    each: str
    stops: str
    residual: str
    residual_s: int
    irreversible: str
    n: int = 0


@dataclass(frozen=True, slots=True)
class Credentials:
    """What was given out under a foothold, of one kind: its tokens, sessions, grants.

    Attributes:
        count: how many; None where nobody counted. people: whose they are, counted.
        persons: some of those people by name; only for who looks at it now, for no record.
        used_at: the last use that is known, RFC 3339; "" where none is.
        listed_by: the find that lists them; "" where none does.
    """

    kind: str
    count: int | None
    people: int = 0
    persons: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    used_at: str = ""
    listed_by: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """An account elsewhere in whose name a foothold acts: `practice_crm:svc-drift`. `foothold`: the one that it is; "" if none."""

    name: str
    foothold: str = ""


@dataclass(frozen=True, slots=True)
class Foothold:
    """One way in, how it is closed, and what nobody can.

    Attributes:
        names: the fields that name it at its system, without secrets.
        found: why discovery takes it for this integration's; "" for what is declared. sure: as its entry says.
        acts: in the order in which they are to be done.
        missing: families that its kind needs and no action here does.
        cannot: a sentence for each thing that no revocation ends.
        people: for how many it works, where that is known. scopes, hosts, used_at: of it and of what is under it.
    """

    id: str
    kind: str
    layer: str
    at: str
    system: str
    names: tuple[tuple[str, str], ...]
    found: str
    sure: bool
    acts: tuple[Act, ...]
    missing: tuple[Family, ...]
    cannot: tuple[str, ...]
    credentials: tuple[Credentials, ...]
    accounts: tuple[Account, ...]
    people: int = 0
    scopes: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    used_at: str = ""

    @property
    def state(self) -> State:
        """How it can be closed. What is only likely to be its own, no run touches."""
        if not self.acts or not self.sure:
            return "nobody"
        if self.missing:
            return "in-part"
        return "cut" if any(act.way == "cut" for act in self.acts) else "hold"

    @property
    def place(self) -> str:
        """`client drift-prod at practice_idp`."""
        named = ", ".join(value for _, value in self.names)
        return f"{self.kind}{' ' + named if named else ''} {'at ' + self.at if self.at else 'out of our reach'}"

    @property
    def risk(self) -> tuple[int, int, int, str]:
        """Greater for what works for more people, may do more, has more given out, was used later."""
        given = sum(one.count or 0 for one in self.credentials)
        return self.people, len(self.scopes), given, self.used_at


@dataclass(frozen=True, slots=True)
class Downstream:
    """An integration that stops when this one does.

    Attributes:
        by: ids of those, of this one and of the others here, without which it stops.
        depth: 1 for what needs this one itself.
        known: it stands in our file.
    """

    id: str
    title: str
    owner: str
    by: tuple[str, ...]
    depth: int
    serves: tuple[str, ...]
    without: str
    critical: bool = False
    known: bool = True


@dataclass(frozen=True, slots=True)
class Radius:
    """From one integration to everything that it reaches, and back out: how that is closed, and what then stops.

    Attributes:
        discovered: from which snapshot the counts are, or why there are none.
        people: for how many people it works, as far as anybody counted.
        credentials: how many were given out; None where nobody counted any.
        circular: ids of those downstream that this one needs in turn.
        cannot: a sentence for each thing that no revocation ends, of the integration as a whole.
    """

    id: str
    title: str
    vendor: str
    security: str
    owner: str
    purpose: str
    critical: bool
    addresses: tuple[str, ...]
    data: tuple[str, ...]
    serves: tuple[str, ...]
    without: str
    footholds: tuple[Foothold, ...]
    downstream: tuple[Downstream, ...]
    circular: tuple[str, ...]
    cannot: tuple[str, ...]
    discovered: str
    people: int
    credentials: int | None

    @property
    def order(self) -> tuple[tuple[Foothold, Act], ...]:
        """The order of revocation, flat: first all that can be undone, then the cuts; by family, the riskiest first."""
        steps = [(foothold, act) for foothold in self.footholds for act in foothold.acts if act.n]
        return tuple(sorted(steps, key=lambda step: step[1].n))

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        shown = asdict(self)
        for one, foothold in zip(shown["footholds"], self.footholds, strict=True):
            one |= {"state": foothold.state, "names": dict(foothold.names)}
        order = [
            {"n": act.n, "foothold": foothold.id, "action": act.name, "way": act.way} for foothold, act in self.order
        ]
        return shown | {"order": order}
