"""Keys of people's names, the journal's own name, and what was anchored where."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables, and give the journal its name."""
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
