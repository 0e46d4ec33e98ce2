"""Text made fit for Slack. Whatever a provider, a file or a person wrote may be the attacker's, and is shown as what it is.

Three dangers: `<!channel>` and `<https://..|harmless>` are commands in Slack's own markup; a letter that nobody sees
makes one name look like another; a long name pushes what matters out of sight. So such text stands in plain text, where
Slack reads no markup, or escaped; letters that show nothing stand as their number; and all of it is capped, never silently.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reports.text import safe

NAME, LINE = 80, 300
_UNSEEN = frozenset("\u00ad\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters that show nothing and that Python calls printable (of category Lo, Mn or So), beside the variation selectors."""


def shown(text: object, limit: int = LINE) -> str:
    """One line of anybody's text. Format characters (Unicode Cf), controls and unseen letters stand as their number."""
    said = "".join(ascii(c)[1:-1] if _hides(c) else c for c in str(text)[: limit + 1])
    return safe(said, limit) if not said or said.strip() else "(blank)"


def _hides(letter: str) -> bool:
    return letter in _UNSEEN or "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"


def escaped(text: str) -> str:
    """For Slack's markup: its three control letters as entities, so that nothing is a mention, a link or a date."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fitting(lines: Iterable[str], most: int, letters: int, rest: str = "see the page") -> list[str]:
    """The first lines that fit, then how many more there are: what is left out is always counted.

    `most` counts lines, `letters` all of them together, escaped, as Slack's limits do.
    """
    every = list(lines)
    kept: list[str] = []
    room = letters - 60  # for the line that counts the rest
    for at, line in enumerate(every):
        room -= _length(line) + 1
        if room < 0 or len(kept) == most:
            return [*kept, f"+{len(every) - at} more, {rest}"]
        kept.append(line)
    return kept


def _length(line: str) -> int:
    return len(escaped(line).encode("utf-16-le", "surrogatepass")) // 2


def listed(names: Sequence[str], most: int = 3) -> str:
    """`a, b, c +7 more`."""
    said = ", ".join(shown(name, NAME) for name in names[:most])
    return f"{said} +{len(names) - most} more" if len(names) > most else said
