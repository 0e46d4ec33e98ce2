"""Names that a tired responder takes for one another: equal to the eye, two letters apart, or one within the other."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from inventory.integrations.model import Integration

MOST_APART = 2
"""Letters by which two names may differ and still be taken for one another."""

SHORTEST = 4
"""A name of fewer letters is contained in, or near to, half of all names: it must be equal to the eye."""

# Letters of other scripts, and digits, that look like a Latin letter in most fonts.
_LOOKS_LIKE = str.maketrans({
    "а": "a", "е": "e", "о": "o", "р": "p", "с": "c", "х": "x", "у": "y", "і": "i", "ѕ": "s", "ј": "j",  # noqa: RUF001
    "ԁ": "d", "һ": "h", "ӏ": "l", "α": "a", "ο": "o", "ν": "v", "ι": "i", "ρ": "p", "υ": "u", "κ": "k",  # noqa: RUF001
    "0": "o", "1": "l", "ı": "i", "ł": "l",  # noqa: RUF001
})  # fmt: skip
_REFERENCE = re.compile(r"(env|file|sandbox|vault|aws-secrets):")


def skeleton(name: str) -> str:
    """A name as the eye takes it: compatibility forms, case, accents, zero-width characters and look-alikes undone."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    bare = "".join(
        c for c in unicodedata.normalize("NFKD", folded) if unicodedata.category(c) not in {"Cf", "Mn", "Cc"}
    )
    return bare.translate(_LOOKS_LIKE).strip()


def alike(one: str, other: str) -> bool:
    """Whether these two could be taken for one another. Equal names are no two names, unless a character hides."""
    if one == other:
        return False
    first, second = sorted((skeleton(one), skeleton(other)), key=len)
    if first == second:
        return True
    if len(first) < SHORTEST:
        return False
    return _within(_words(first), _words(second)) or (
        len(first) > 2 * MOST_APART and _apart(first, second) <= MOST_APART
    )


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[\W_]+", name) if word]


def _within(few: list[str], many: list[str]) -> bool:
    """`drift` within `drift-sandbox`: the words of one stand in a row in the other."""
    return 0 < len(few) < len(many) and any(
        many[at : at + len(few)] == few for at in range(len(many) - len(few) + 1)
    )  # fmt: skip


def _apart(one: str, other: str) -> int:
    """Levenshtein's distance, as far as it matters: more than MOST_APART is MOST_APART + 1."""
    if abs(len(one) - len(other)) > MOST_APART:
        return MOST_APART + 1
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        before, row[0] = row[0], at
        for to, against in enumerate(other, 1):
            before, row[to] = row[to], min(row[to] + 1, row[to - 1] + 1, before + (letter != against))
    return min(row[-1], MOST_APART + 1)


def lookalikes(chosen: str, integrations: Mapping[str, Integration]) -> list[str]:
    """The other integrations whose id, title or name at a system could be taken for one of the chosen's.

    What both share by design (the same path, the same user) tells nothing: only names that differ are compared.
    """
    if chosen not in integrations:
        return []
    mine = names_of(chosen, integrations[chosen])
    found = []
    for name, other in integrations.items():
        if name != chosen and any(alike(a, b) for a in mine for b in names_of(name, other)):
            found.append(name)
    return sorted(found)


def names_of(name: str, integration: Integration) -> list[str]:
    """By what people and systems call it: its id, its title, and what its footholds are named at their systems."""
    return list(dict.fromkeys([name, integration.title, *_shown(integration)]))


def _shown(integration: Integration) -> Iterable[str]:
    for entry in integration.footholds:
        for key, value in entry.names.items():
            if (
                isinstance(value, str)
                and not _REFERENCE.match(value)
                and not value.startswith("/")
                and "token" not in key
            ):
                yield value
