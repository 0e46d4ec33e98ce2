"""Runs: their events, leases and wishes, their keys and what those seal."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "events",
        sa.Column("run", sa.String(120), primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("incident", sa.String(120), nullable=False),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("type", sa.String(120), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("prev", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "leases",
        sa.Column("run", sa.String(120), primary_key=True),
        sa.Column("incident", sa.String(120), nullable=False),
        sa.Column("lock", sa.String(120), unique=True),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("renewed_ms", sa.BigInteger, nullable=False),
        sa.Column("renewed_at", sa.String(27), nullable=False),
        sa.Column("ttl_ms", sa.Integer, nullable=False),
        sa.Column("first_at", sa.String(27), nullable=False),
        sa.Column("last_at", sa.String(27), nullable=False),
        sa.Column("last_n", sa.Integer, nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
    )
    op.create_table(
        "wishes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run", sa.String(120), nullable=False, index=True),
        sa.Column("what", sa.String(120), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
    )
    op.create_table(
        "run_keys",
        sa.Column("run", sa.String(120), primary_key=True),
        sa.Column("master", sa.String(16), nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "sealed",
        sa.Column("run", sa.String(120), primary_key=True),
        sa.Column("name", sa.String(120), primary_key=True),
        sa.Column("box", sa.LargeBinary, nullable=False),
    )
