"""Text from a journal made fit to be read: names, times, counts. Everything in a journal may be the attacker's text."""

from __future__ import annotations

from datetime import datetime

LONGEST = 300


def safe(text: object, limit: int = LONGEST) -> str:
    """One line that moves no cursor and hides nothing: controls, bidi marks and lone surrogates are shown as escapes."""
    said = str(text)
    if len(said) > limit:
        said = said[: limit - 1] + "…"
    return escaped(said)


def escaped(text: str) -> str:
    """All of a text on one line, what no reader sees in it as escapes."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def safe_lines(text: object, most: int = 2000) -> list[str]:
    """A text of many lines, each safe."""
    found = str(text).split("\n")
    left = [f"… and {len(found) - most} more lines"] if len(found) > most else []
    return [safe(line.replace("\t", "    "), 1000) for line in found[:most]] + left


def moment(at: str) -> datetime | None:
    """A time of the journal; None where it is none."""
    try:
        return datetime.fromisoformat(at)
    except ValueError:
        return None


def clock(at: str) -> str:
    """02:41:07.120, in UTC."""
    return at[11:23] if moment(at) is not None and len(at) >= len("2026-01-01T00:00:00.000") else "--:--:--.---"


def day(at: str) -> str:
    """2026-11-24 02:41:07 UTC."""
    return f"{at[:10]} {at[11:19]} UTC" if moment(at) is not None else "at an unknown time"


def between_s(start: str, end: str) -> float | None:
    """Seconds from one time of the journal to another, rounded to 2 places."""
    first, last = moment(start), moment(end)
    if first is None or last is None or (first.tzinfo is None) != (last.tzinfo is None):
        return None
    return round((last - first).total_seconds(), 2)


def took(seconds: float | None) -> str:
    """`3.21 s`, `2 min 05 s`, `3 h 04 min`; a dash where it is not known."""
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.2f} s"
    whole = int(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def span(seconds: float) -> str:
    """A length of time as a provider gives one: `45 s`, `5 min`, `90 min`, `24 h`, `5 days`."""
    if seconds < 120:
        return f"{round(seconds)} s"
    if seconds < 7_200:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h" if seconds <= 172_800 else f"{round(seconds / 86_400)} days"


def many(count: int, noun: str) -> str:
    """`1 token`, `2 tokens`."""
    return f"{count} {noun}" if count == 1 else f"{count} {plural(noun)}"


def plural(noun: str) -> str:
    """Of nouns as actions name them."""
    if noun.endswith("y") and noun[-2:-1] not in {"a", "e", "o", "u"}:
        return noun[:-1] + "ies"
    return noun if noun.endswith("s") and not noun.endswith("ss") else noun + ("es" if noun.endswith("ss") else "s")


def short(digest: object, length: int = 12) -> str:
    """The head of a hash, in groups that can be read aloud."""
    said = safe(digest)[:length]
    return " ".join(said[i : i + 4] for i in range(0, len(said), 4)) or "-"


def whole(value: object) -> int:
    """A count; 0 where the journal has none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
