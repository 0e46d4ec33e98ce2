"""The tables, in types that SQLite and PostgreSQL both have.

`events` is the record and is only ever appended to; only pruning takes whole runs out, and leaves a tombstone in the
journal's own chain. `leases` has one row a run (and one for the journal's own chain): who holds it, and the head of
its chain, which tells of a tail that was cut off. `wishes`, `run_keys`, `people_keys`, `sealed` and `anchors` stand
outside the chain: their rows may go (a shredded key is the point of it), and the journal's own chain tells of it.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table, Text

metadata = MetaData()

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
