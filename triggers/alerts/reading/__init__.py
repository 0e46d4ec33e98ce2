"""Turns what a source sends into alerts: one engine, and a file of data for each source (`triggers/alerts/sources`)."""

from triggers.alerts.reading.compiled import BadSource
from triggers.alerts.reading.model import NotAnAlert, Reading, idle, row
from triggers.alerts.reading.read import AUTO, read, recognise
from triggers.alerts.reading.redaction import redacted
from triggers.alerts.reading.shelf import SOURCES, Shelf
from triggers.alerts.reading.source import Source

__all__ = [
    "AUTO", "SOURCES", "BadSource", "NotAnAlert", "Reading", "Shelf", "Source", "idle", "read", "recognise",
    "redacted", "row",
]  # fmt: skip
