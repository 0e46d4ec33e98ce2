"""What a credential may do: how each system writes it down, and how it says so itself.

A permission stands at its look, find, survey or action as text: names in the system's own words, or a sentence where what is
needed is no permission of our credential (`the token itself`), and one that begins with `none` where nothing is.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connectors.core.errors import UNREADABLE, unreadable

if TYPE_CHECKING:
    from connectors.core.reader import Reader

_BETWEEN = re.compile(r"(?<!:)[,\s]+")
"""What stands between two names; the space of `contents: read` does not."""
_NOTHING = "none"


def _same(given: str, wanted: str) -> bool:
    return given == wanted


@dataclass(frozen=True)
class Rights:
    """How a system writes permissions.

    Attributes:
        called: what they are called there.
        where: where a person grants them there.
        name: a pattern of one name.
        paste: all of them as that place takes them: text of several lines, perhaps.
        covers: whether having the first is as good as having the second.
        always: what every use needs, or has whether it is wanted or not: never missing from what is pasted where it is
            named with others, and never too much.
    """

    called: str
    where: str
    name: re.Pattern[str]
    paste: Callable[[Sequence[str]], str]
    covers: Callable[[str, str], bool] = _same
    always: tuple[str, ...] = ()

    def named(self, text: str) -> frozenset[str]:
        """The names in a permission's text; none where it is a sentence."""
        parts = [part for part in _BETWEEN.split(text) if part]
        return frozenset(parts) if parts and all(self.name.fullmatch(part) for part in parts) else frozenset()

    def least(self, names: Iterable[str]) -> tuple[str, ...]:
        """The fewest that are as good as all of these, with what every use needs."""
        wanted = {*names, *self.always}
        kept = [one for one in wanted if not any(other != one and self.covers(other, one) for other in wanted)]
        return tuple(sorted(kept))

    def missing(self, wanted: Iterable[str], held: Iterable[str]) -> tuple[str, ...]:
        """Which of the wanted none of the held ones covers."""
        have = tuple(held)
        return tuple(sorted(one for one in set(wanted) if not any(self.covers(other, one) for other in have)))

    def beyond(self, wanted: Iterable[str], held: Iterable[str]) -> tuple[str, ...]:
        """Which of the held ones nothing that is wanted asks for, however much less would do."""
        least = {*self.least(wanted), *self.always}
        return tuple(sorted(one for one in set(held) if not any(self.covers(need, one) for need in least)))


@dataclass(frozen=True)
class Held:
    """What the provider says that our credential may do.

    Attributes:
        by: what says so: `the scp claim of its access token`.
        names: in the system's own words; None where nothing says it.
        why: why nothing says it, or what it does not say.
        wide: of a credential that is by its nature wider than any list of permissions: why, and what to use instead.
    """

    by: str = ""
    names: frozenset[str] | None = field(default=None)
    why: str = ""
    wide: str = ""


Asking = Callable[["Reader"], Awaitable[Held]]


@dataclass(frozen=True)
class Holding:
    """Asks the provider what our credential may do. Looks only.

    Attributes:
        asks: the read-only POSTs that it may send, by path template.
    """

    fn: Asking
    asks: tuple[str, ...] = ()

    async def __call__(self, read: Reader) -> Held:
        """What is said. Raises ConnectorError; an answer that lacks what is needed is Unexpected."""
        try:
            return await self.fn(read.allowed(self.asks, "no permission beside being let in"))
        except UNREADABLE as error:
            raise unreadable("what our credential may do", error) from None


def needs_nothing(permission: str) -> bool:
    """Whether a permission's text says that none of our credential's is needed."""
    return permission.partition(":")[0].split(" ")[0] == _NOTHING


def lines(names: Sequence[str]) -> str:
    """One a line."""
    return "\n".join(names)


def least_of(rights: Rights | None, names: Iterable[str]) -> tuple[str, ...]:
    """The fewest of a system's permissions that are as good as all of these; none where it has none."""
    found = tuple(names)
    return rights.least(found) if rights is not None and found else ()
