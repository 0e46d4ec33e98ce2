"""What the ways in keep beside the record: requests, messages on their way, passkeys, links, what was used up."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the five tables."""
    op.create_table(
        "intake",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("key", sa.String(200), nullable=False, unique=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("done_at", sa.String(27)),
    )
    op.create_index("intake_open", "intake", ["done_at", "at"])
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("channel", sa.String(200), nullable=False),
        sa.Column("run", sa.String(120), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("key", sa.String(200), nullable=False, unique=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("sent_at", sa.String(27)),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_at", sa.String(27), nullable=False),
    )
    op.create_index("ix_outbox_run", "outbox", ["run"])
    op.create_index("outbox_due", "outbox", ["sent_at", "due_at"])
    op.create_table(
        "passkeys",
        sa.Column("id", sa.String(1400), primary_key=True),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("public", sa.LargeBinary, nullable=False),
        sa.Column("signs", sa.BigInteger, nullable=False),
        sa.Column("label", sa.String(120), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
    )
    op.create_index("ix_passkeys_person", "passkeys", ["person"])
    op.create_table(
        "links",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("run", sa.String(120), nullable=False),
        sa.Column("wall", sa.String(120), nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("expires_at", sa.String(27), nullable=False),
        sa.Column("used_at", sa.String(27)),
    )
    op.create_index("ix_links_run", "links", ["run"])
    op.create_table(
        "spent",
        sa.Column("mark", sa.String(64), primary_key=True),
        sa.Column("what", sa.String(20), nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
    )
    op.create_index("ix_spent_at", "spent", ["at"])
