"""A logger that says nothing, for Bolt and slack-sdk: what they log holds whole bodies, with tokens and what people typed."""

from __future__ import annotations

import logging

QUIET = logging.getLogger("ringfence.slack.quiet")
QUIET.disabled = True
QUIET.propagate = False
QUIET.setLevel(logging.CRITICAL + 1)
"""Bolt makes its own loggers from this one and takes `disabled` and the level over; so does its Socket Mode client."""
