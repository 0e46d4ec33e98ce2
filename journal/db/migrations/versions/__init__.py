"""The steps, in the order that `journal.db.schema.HISTORY` gives them."""
