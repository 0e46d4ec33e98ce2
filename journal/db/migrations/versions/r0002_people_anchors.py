"""Keys of people's names, the journal's own name and chain, and what was anchored where."""

import hashlib
import secrets
from typing import Any

import sqlalchemy as sa
from alembic import op

from journal.canonical import canonical
from journal.clock import wall

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables, give the journal its name, and record the runs that are there in its own chain."""
    op.create_table(
        "people_keys",
        sa.Column("incident", sa.String(120), primary_key=True),
        sa.Column("master", sa.String(16), nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
    )
    about = op.create_table(
        "about",
        sa.Column("key", sa.String(40), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "anchors",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run", sa.String(120), nullable=False, index=True),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("sink", sa.String(200), nullable=False),
        sa.Column("independent", sa.Text, nullable=False),
        sa.Column("statement", sa.Text, nullable=False),
        sa.Column("public", sa.String(64), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
        sa.Column("receipt", sa.LargeBinary),
        sa.Column("why", sa.Text, nullable=False),
    )
    op.bulk_insert(about, [{"key": "id", "value": secrets.token_hex(16)}])
    _record_runs(op.get_bind())


def _record_runs(conn: sa.Connection) -> None:
    """Record each run's opening, and its closing if it rests and holds no integration: `verify` asks for both."""
    runs = conn.execute(
        sa.text(
            "SELECT l.run, l.incident, l.lock, l.owner, l.last_n, l.head, e.hash FROM leases l"
            " LEFT JOIN events e ON e.run = l.run AND e.n = 1 ORDER BY l.first_at, l.run"
        )
    ).all()
    if not runs:
        return
    records: list[tuple[str, dict[str, Any]]] = [("upgraded", {"from": down_revision, "runs": len(runs)})]
    for run in runs:
        records.append(("opened", {"run": run.run, "incident": run.incident, "hash": run.hash or ""}))
        if run.lock is None and run.owner is None:
            body = {"run": run.run, "incident": run.incident, "n": run.last_n, "head": run.head}
            records.append(("closed", body))
    rows = _chained(records, wall())
    insert = "INSERT INTO {} ({}) VALUES ({})"
    conn.execute(sa.text(insert.format("events", ", ".join(rows[0]), ", ".join(f":{name}" for name in rows[0]))), rows)
    head = {
        "run": "@journal", "incident": "@journal", "fence": 1, "renewed_ms": 0, "renewed_at": rows[0]["at"],
        "ttl_ms": 0, "first_at": rows[0]["at"], "last_at": rows[-1]["at"], "last_n": len(rows), "head": rows[-1]["hash"],
    }  # fmt: skip
    conn.execute(sa.text(insert.format("leases", ", ".join(head), ", ".join(f":{name}" for name in head))), head)


def _chained(records: list[tuple[str, dict[str, Any]]], at: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    prev = ""
    for n, (type_, body) in enumerate(records, 1):
        columns = {
            "run": "@journal", "n": n, "incident": "@journal", "fence": 1, "at": at, "type": type_, "body": body,
            "prev": prev,
        }  # fmt: skip
        prev = hashlib.sha256(canonical(columns)).hexdigest()
        rows.append({**columns, "body": canonical(body).decode(), "hash": prev})
    return rows
