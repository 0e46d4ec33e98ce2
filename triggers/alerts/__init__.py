"""Alerts: a detection proposes a run, or starts what of it can be undone."""
