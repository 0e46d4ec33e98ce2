"""One number for how bad it is, 0 to 100, and one word; whatever the source's own scale."""

from __future__ import annotations

from engine.alert import Severity

NUMBERS: dict[str, int] = {"informational": 10, "low": 30, "medium": 50, "high": 75, "critical": 95}
"""What a word is worth where the source gives no number."""
WORDS: dict[str, str] = {
    "info": "informational", "informational": "informational", "information": "informational", "none": "informational",
    "debug": "informational", "low": "low", "notice": "low", "minor": "low", "medium": "medium", "moderate": "medium",
    "warn": "medium", "warning": "medium", "high": "high", "error": "high", "major": "high", "important": "high",
    "critical": "critical", "crit": "critical", "fatal": "critical", "emergency": "critical", "alert": "critical",
    "page": "critical", "severe": "critical",
}  # fmt: skip
"""Words that mean the same wherever they are used; a source's own table comes before them."""
_BANDS: tuple[tuple[int, Severity], ...] = (
    (90, "critical"), (70, "high"), (40, "medium"), (20, "low"), (0, "informational"),
)  # fmt: skip


def word_of(number: int) -> Severity:
    """The band that a number lies in."""
    return next(word for least, word in _BANDS if number >= least)


def bounded(number: float) -> int:
    """A whole number from 0 to 100, rounded half up: 3.95 of 10 is not yet medium where 4 begins it."""
    return max(0, min(100, int(number + 1e-9)))
