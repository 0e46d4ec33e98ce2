"""What the journal keeps of anchors: the ends of its chains to sign, and where each signed head was carried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import orjson
from sqlalchemy import Connection, func, insert, select

from journal.canonical import canonical
from journal.db.tables import about, anchors, events, leases
from journal.event import JOURNAL
from journal.proof.statement import End, Signed, digest
from journal.write.book import Book
from journal.write.requests import Request


@dataclass(frozen=True, slots=True)
class Anchor:
    """A row of `anchors`: one try to carry a signed head to one place.

    Attributes:
        sink: the place, as people may see it ("file:PATH", "webhook:HOST"): never a URL that is a secret.
        independent: why whoever holds our machine cannot change it there; "" where they can.
        receipt: what the place answered; None where nothing came.
        why: what went wrong; "" where it was carried there.
    """

    run: str
    n: int
    hash: str
    at: str
    sink: str
    independent: str
    statement: str
    public: str
    signature: str
    receipt: bytes | None
    why: str

    @staticmethod
    def of(signed: Signed, sink: str, independent: str, receipt: bytes | None, why: str) -> Anchor:
        """Say of a signed head where it was carried, or why not."""
        return Anchor(
            signed.run.run, signed.run.n, signed.run.head, signed.at, sink, independent,
            canonical(signed.statement).decode(), signed.public, signed.signature, receipt, why,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ends:
    """Where the chains end, in one read.

    Attributes:
        journal: the journal's id.
        own: the end of the journal's own chain; None before the first run.
        runs: the ends of the runs.
        carried: the newest place of each run that was carried to each sink: (sink, run) to n.
        covered: the newest place of the journal's own chain that was carried to each sink: a head of it stands for
            the heads of all runs that were closed before.
        closed: the place at which each run was last closed.
        told: the newest record of the journal's own chain that is not about an anchor.
    """

    journal: str
    own: End | None
    runs: Sequence[End]
    carried: Mapping[tuple[str, str], int]
    covered: Mapping[str, int]
    closed: Mapping[str, int]
    told: int


@dataclass(slots=True, kw_only=True)
class Carried(Request):
    """Keep anchors, and record each in the journal's own chain: a row that is taken out is missed."""

    run: str = JOURNAL
    rows: Sequence[Anchor]

    def do(self, book: Book) -> None:
        """Add each row and its record."""
        for anchor in self.rows:
            row = asdict(anchor)
            added = book.conn.execute(insert(anchors).values(row)).inserted_primary_key
            assert added is not None
            kept = {"sink": anchor.sink, "independent": bool(anchor.independent), "run": anchor.run, "n": anchor.n}
            book.note("anchored", {"anchor": added[0], **kept, "digest": digest(row)})


def read_ends(conn: Connection, run: str | None) -> Ends:
    """Read where the chains end: of one run, or of all."""
    query = select(leases.c.run, leases.c.incident, leases.c.last_n, leases.c.head)
    arrived = select(anchors.c.sink, anchors.c.run, func.max(anchors.c.n)).where(anchors.c.why == "")
    closings = select(events.c.body).where(events.c.run == JOURNAL, events.c.type == "closed").order_by(events.c.n)
    closed = []
    if run is not None:
        query = query.where(leases.c.run.in_((run, JOURNAL)))
        arrived = arrived.where(anchors.c.run == run)
    else:
        closed = [orjson.loads(body) for body in conn.scalars(closings)]
    found = {row.run: End(*row) for row in conn.execute(query)}
    newest = select(func.max(anchors.c.id)).where(anchors.c.why == "").group_by(anchors.c.sink)
    statements = conn.execute(select(anchors.c.sink, anchors.c.statement).where(anchors.c.id.in_(newest)))
    told = select(func.max(events.c.n)).where(events.c.run == JOURNAL, events.c.type != "anchored")
    own = found.pop(JOURNAL, None)
    return Ends(
        conn.scalar(select(about.c.value).where(about.c.key == "id")) or "",
        own,
        [end for end in found.values() if end.n],
        {(row[0], row[1]): row[2] for row in conn.execute(arrived.group_by(anchors.c.sink, anchors.c.run))},
        {row.sink: orjson.loads(row.statement)["journal"]["n"] for row in statements},
        {body["run"]: body["n"] for body in closed},
        conn.scalar(told) or 0 if run is None else 0,
    )


def read_anchors(conn: Connection, run: str | None) -> list[Anchor]:
    """Read the rows in the order in which they were added: of one run, or all."""
    query = select(*(anchors.c[name] for name in Anchor.__slots__)).order_by(anchors.c.id)
    return [Anchor(*row) for row in conn.execute(query if run is None else query.where(anchors.c.run == run))]
