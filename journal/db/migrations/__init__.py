"""How the tables came to be what they are: one file a step, carried out by Alembic inside one transaction."""
