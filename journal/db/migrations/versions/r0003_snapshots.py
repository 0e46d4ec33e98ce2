"""What discoveries listed: snapshots, and the things that were in them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def _bytewise(letters: int) -> sa.String:
    return sa.String(letters).with_variant(sa.String(letters, collation="C"), "postgresql")


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "snapshots",
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("begun_at", sa.String(27), nullable=False),
        sa.Column("touched_at", sa.String(27), nullable=False),
        sa.Column("ended_at", sa.String(27)),
        sa.Column("listed", sa.Text, nullable=False),
        sa.Column("things", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
    )
    op.create_table(
        "things",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("connection", _bytewise(40), nullable=False),
        sa.Column("kind", _bytewise(40), nullable=False),
        sa.Column("key", _bytewise(120), nullable=False),
        sa.Column("look", sa.String(120), nullable=False),
        sa.Column("part_of", sa.String(120), nullable=False),
        sa.Column("from_n", sa.Integer, nullable=False),
        sa.Column("until_n", sa.Integer),
        sa.Column("seen_n", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("person", sa.String(300), nullable=False),
        sa.Column("people", sa.Integer, nullable=False),
        sa.Column("used_at", sa.String(40), nullable=False),
        sa.Column("used_from", sa.String(300), nullable=False),
        sa.Column("declared_as", sa.String(81), nullable=False),
    )
    op.create_index("things_now", "things", ["connection", "kind", "until_n", "key"])
    op.create_index("things_then", "things", ["connection", "look", "key", "from_n"])
