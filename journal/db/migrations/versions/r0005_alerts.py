"""Alerts: what was delivered, which findings it told of, and what came of each."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "inbox",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("key", sa.String(64), nullable=False, unique=True),
        sa.Column("delivery", sa.String(200), nullable=False),
        sa.Column("provenance", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("since", sa.String(27), nullable=False),
        sa.Column("findings", sa.Text, nullable=False),
        sa.Column("word", sa.String(40), nullable=False),
        sa.Column("done_at", sa.String(27)),
    )
    op.create_index("inbox_open", "inbox", ["done_at", "name", "id"])
    op.create_index("inbox_at", "inbox", ["at"])
    op.create_table(
        "findings",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("type", sa.String(200), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("severity", sa.Integer, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("seen", sa.Text, nullable=False),
        sa.Column("first_at", sa.String(27), nullable=False),
        sa.Column("last_at", sa.String(27), nullable=False),
    )
    op.create_index("ix_findings_last_at", "findings", ["last_at"])
    op.create_table(
        "acts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("inbox", sa.Integer, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("finding", sa.String(64), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("integration", sa.String(120), nullable=False),
        sa.Column("playbook", sa.String(120), nullable=False),
        sa.Column("severity", sa.Integer, nullable=False),
        sa.Column("word", sa.String(40), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("would", sa.String(40), nullable=False),
        sa.Column("run", sa.String(120), nullable=False),
        sa.Column("incident", sa.String(120), nullable=False),
        sa.Column("started_at", sa.String(27)),
        sa.Column("done_at", sa.String(27)),
        sa.UniqueConstraint("inbox", "place", name="acts_once"),
    )
    op.create_index("ix_acts_finding", "acts", ["finding"])
    op.create_index("acts_of", "acts", ["integration", "at"])
    op.create_index("acts_by", "acts", ["name", "at"])
    op.create_index("acts_started", "acts", ["started_at"])
