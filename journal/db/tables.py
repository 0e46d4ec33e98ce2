"""The tables, in types that SQLite and PostgreSQL both have.

`events` is the record and is only ever appended to; only pruning takes whole runs out, and leaves a tombstone in the
journal's own chain. `leases` has one row a run (and one for the journal's own chain): who holds it, and the head of
its chain, which tells of a tail that was cut off. `wishes`, `run_keys`, `people_keys`, `sealed` and `anchors` stand
outside the chain: their rows may go (a shredded key is the point of it), and the journal's own chain tells of it.
So do `snapshots` and `things`, what each discovery listed at our systems: the chain holds each snapshot's digest.
And so do `intake`, `outbox`, `passkeys`, `links` and `spent`, which belong to the ways in: what came and is to be done
once, what is to be told and was not yet, what proves somebody on a phone, which links and codes were used.
`inbox`, `findings` and `acts` belong to alerts: what was delivered, which findings it told of, and what came of each.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text, UniqueConstraint

metadata = MetaData()


def bytewise(letters: int) -> String:
    """Text that is put in order by its bytes, whatever the data base's language: the order is part of a digest."""
    return String(letters).with_variant(String(letters, collation="C"), "postgresql")


events = Table(
    "events",
    metadata,
    Column("run", String(120), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("incident", String(120), nullable=False),
    Column("fence", Integer, nullable=False),
    Column("at", String(27), nullable=False),
    Column("type", String(120), nullable=False),
    Column("body", Text, nullable=False),
    Column("prev", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    sqlite_with_rowid=False,  # one tree keyed (run, n): no second index that could disagree with the rows
)

leases = Table(
    "leases",
    metadata,
    Column("run", String(120), primary_key=True),
    Column("incident", String(120), nullable=False),
    Column("lock", String(120), unique=True),  # the integration; null once it is free
    Column("fence", Integer, nullable=False),
    Column("owner", Text),  # JSON of lease.Owner; null while the run rests
    Column("renewed_ms", BigInteger, nullable=False),  # the owner's boot clock
    Column("renewed_at", String(27), nullable=False),  # the same instant by the wall clock: for after a restart
    Column("ttl_ms", Integer, nullable=False),
    Column("first_at", String(27), nullable=False),
    Column("last_at", String(27), nullable=False),
    Column("last_n", Integer, nullable=False),
    Column("head", String(64), nullable=False),
)

wishes = Table(
    "wishes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", String(120), nullable=False, index=True),
    Column("what", String(120), nullable=False),
    Column("by", String(200), nullable=False),
    Column("at", String(27), nullable=False),
)

run_keys = Table(
    "run_keys",
    metadata,
    Column("run", String(120), primary_key=True),
    Column("master", String(16), nullable=False),  # which master key wraps it: Keys.id
    Column("wrapped", LargeBinary, nullable=False),
)

people_keys = Table(
    "people_keys",
    metadata,
    Column("incident", String(120), primary_key=True),
    Column("master", String(16), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
)

about = Table(
    "about",
    metadata,
    Column("key", String(40), primary_key=True),  # "id": a random name that this journal was given when it was made
    Column("value", Text, nullable=False),
)

anchors = Table(
    "anchors",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", String(120), nullable=False, index=True),
    Column("n", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("at", String(27), nullable=False),
    Column("sink", String(200), nullable=False),  # "file:PATH", "webhook:HOST", "timestamp:HOST"; never a secret URL
    Column("independent", Text, nullable=False),  # why it is out of our hands; "" where it is not
    Column("statement", Text, nullable=False),  # canonical JSON: what was signed
    Column("public", String(64), nullable=False),  # hex of the Ed25519 key
    Column("signature", String(128), nullable=False),
    Column("receipt", LargeBinary),  # what the place answered; null where nothing came, see `why`
    Column("why", Text, nullable=False),  # "" when it was carried there, else what went wrong
)

sealed = Table(
    "sealed",
    metadata,
    Column("run", String(120), primary_key=True),
    Column("name", String(120), primary_key=True),
    Column("box", LargeBinary, nullable=False),  # nonce and AES-256-GCM ciphertext
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("begun_at", String(27), nullable=False),
    Column("touched_at", String(27), nullable=False),  # a discovery that lives touches it with each page
    Column("ended_at", String(27)),  # null while it is listed, and for good where its process died
    Column("listed", Text, nullable=False),  # JSON: {connection: {kind: how far that survey came}}
    Column("things", Integer, nullable=False),
    Column("digest", String(64), nullable=False),  # over all that was there when it ended; "" before
)

things = Table(
    "things",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection", bytewise(40), nullable=False),
    Column("kind", bytewise(40), nullable=False),
    Column("key", bytewise(120), nullable=False),
    Column("look", String(120), nullable=False),  # what sees it again
    Column("part_of", String(120), nullable=False),  # key of the foothold that it is a part of; "" for a foothold
    Column("from_n", Integer, nullable=False),  # the snapshots [from_n, until_n) saw it in just this state
    Column("until_n", Integer),  # null: it is so still
    Column("seen_n", Integer, nullable=False),  # the last whole listing that had it
    Column("body", Text, nullable=False),  # canonical JSON: what was listed of it, as far as it counts
    Column("digest", String(64), nullable=False),  # SHA-256 of the body
    Column("person", String(300), nullable=False),
    Column("people", Integer, nullable=False),
    Column("used_at", String(40), nullable=False),
    Column("used_from", String(300), nullable=False),
    Column("declared_as", String(81), nullable=False),  # integration/foothold that last declared it; "" where none did
    Index("things_now", "connection", "kind", "until_n", "key"),
    Index("things_then", "connection", "look", "key", "from_n"),
)

intake = Table(
    "intake",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("source", String(40), nullable=False),  # the way in: slack
    Column("key", String(200), nullable=False, unique=True),  # what the same request has again: it is done once
    Column("body", Text, nullable=False),  # JSON: what was asked, no secret
    Column("at", String(27), nullable=False),
    Column("done_at", String(27)),  # null: it is still to be done
    Index("intake_open", "done_at", "at"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel", String(200), nullable=False),  # where to, as the way out knows it
    Column("run", String(120), nullable=False, index=True),
    Column("kind", String(40), nullable=False),
    Column("key", String(200), nullable=False, unique=True),  # a message is put here once, whoever puts it
    Column("body", Text, nullable=False),  # JSON: what is told; names of people are asked for when it is sent
    Column("n", Integer, nullable=False),  # the place in the run's record that it tells of
    Column("at", String(27), nullable=False),
    Column("sent_at", String(27)),  # null: not told yet
    Column("tries", Integer, nullable=False),
    Column("due_at", String(27), nullable=False),
    Index("outbox_due", "sent_at", "due_at"),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", String(1400), primary_key=True),  # the credential's id, base64url
    Column("person", String(40), nullable=False, index=True),
    Column("public", LargeBinary, nullable=False),  # COSE
    Column("signs", BigInteger, nullable=False),  # its counter, as it was seen last
    Column("label", String(120), nullable=False),
    Column("at", String(27), nullable=False),
)

links = Table(
    "links",
    metadata,
    Column("digest", String(64), primary_key=True),  # SHA-256 of the link's secret part
    Column("person", String(40), nullable=False),
    Column("run", String(120), nullable=False, index=True),
    Column("wall", String(120), nullable=False),  # "" for the run as such
    Column("purpose", String(20), nullable=False),
    Column("expires_at", String(27), nullable=False),
    Column("used_at", String(27)),
)

spent = Table(
    "spent",
    metadata,
    Column("mark", String(64), primary_key=True),  # SHA-256 of what is good for one time: a number, a code, a try
    Column("what", String(20), nullable=False),
    Column("person", String(40), nullable=False),
    Column("at", String(27), nullable=False, index=True),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(40), nullable=False),  # as the configuration calls this way in
    Column("source", String(40), nullable=False),  # whose form it has
    Column("key", String(64), nullable=False, unique=True),  # of the delivery: the same one again is kept once
    Column("delivery", String(200), nullable=False),  # the sender's own id of it; "" where it gives none
    Column("provenance", Text, nullable=False),  # JSON: how we know who sent it
    Column("body", LargeBinary, nullable=False),  # sealed; empty once nothing can come of it any more
    Column("at", String(27), nullable=False),
    Column("times", Integer, nullable=False),  # how often the very same was delivered
    Column("holder", Text, nullable=False),  # JSON of lease.Owner; "" while nobody reads it
    Column("since", String(27), nullable=False),
    Column("findings", Text, nullable=False),  # JSON: keys of the findings that it told of
    Column("word", String(40), nullable=False),  # what came of it; "" until then
    Column("done_at", String(27)),  # null: it is still to be read
    Index("inbox_open", "done_at", "name", "id"),
    Index("inbox_at", "at"),
)

findings = Table(
    "findings",
    metadata,
    Column("key", String(64), primary_key=True),  # SHA-256 of the way in and the source's own key for the finding
    Column("name", String(40), nullable=False),
    Column("type", String(200), nullable=False),
    Column("status", String(20), nullable=False),
    Column("severity", Integer, nullable=False),  # the highest so far
    Column("times", Integer, nullable=False),  # how often it was told of
    Column("seen", Text, nullable=False),  # JSON: digests of the principals, apps and credentials it named so far
    Column("first_at", String(27), nullable=False),
    Column("last_at", String(27), nullable=False, index=True),
)

acts = Table(
    "acts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("inbox", Integer, nullable=False),
    Column("place", Integer, nullable=False),  # which alert of the delivery
    Column("finding", String(64), nullable=False, index=True),
    Column("name", String(40), nullable=False),
    Column("at", String(27), nullable=False),
    Column("integration", String(120), nullable=False),
    Column("playbook", String(120), nullable=False),
    Column("severity", Integer, nullable=False),
    Column("word", String(40), nullable=False),  # what came of it: started, proposed, dismissed ...; "" until then
    Column("why", Text, nullable=False),  # JSON: codes and sentences, why nothing more came of it
    Column("would", String(40), nullable=False),  # what would have come of it without the shadow; "" where the same
    Column("run", String(120), nullable=False),
    Column("incident", String(120), nullable=False),
    Column("started_at", String(27)),  # when it took a place of the budget
    Column("done_at", String(27)),
    UniqueConstraint("inbox", "place", name="acts_once"),
    Index("acts_of", "integration", "at"),
    Index("acts_by", "name", "at"),
    Index("acts_started", "started_at"),
)
