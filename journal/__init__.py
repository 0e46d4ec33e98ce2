"""The append-only record of every run: checkpoint, audit trail and input of recovery at once."""
