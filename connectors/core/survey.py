"""Surveys: what a system lists of third parties for the inventory: apps, grants, keys, webhooks, paths.

A find answers a step ("every token of this client"); a survey answers the question that comes before any playbook:
what reaches us here at all? It asks about nothing and lists all of one kind, or what changed since its last mark.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from connectors.core.errors import UNREADABLE, unreadable
from connectors.core.model import Params, State, key_of

if TYPE_CHECKING:
    from connectors.core.connector import Look
    from connectors.core.reader import Reader

S = TypeVar("S", bound=State)
MOST_LETTERS = 300
MOST_VALUES = 500
_ACCOUNT = re.compile(r"[a-z][a-z0-9_]{0,39}:\S.{0,199}")


def one_line(value: str, most: int = MOST_LETTERS) -> str:
    """A text as the provider has it: it may be the attacker's, so it is one capped line of printable text."""
    return "".join(letter if letter.isprintable() else " " for letter in value)[:most].strip()


Shown = Annotated[str, AfterValidator(one_line)]
"""Text of a provider's, fit to be shown."""


def _capped(values: tuple[str, ...]) -> tuple[str, ...]:
    """As many as anybody reads: one app with a million scopes must not blind the listing of all others."""
    if len(values) <= MOST_VALUES:
        return values
    return (*values[: MOST_VALUES - 1], f"and {len(values) - MOST_VALUES + 1} more")


ShownAll = Annotated[tuple[Shown, ...], AfterValidator(_capped)]
"""Several of them."""

Account = Annotated[str, Field(pattern=rf"^{_ACCOUNT.pattern}$")]
"""Somebody or something at a system: `practice_crm:svc-drift`."""


def account(system: str, name: object) -> tuple[str, ...]:
    """The account of that name there, for `works_as` and `belongs_to`; () where a provider names none.

    What is no name (a line of 10,000 letters that an attacker wrote there) is none, and ends no listing.
    """
    found = f"{system}:{name or ''}"
    return (found,) if _ACCOUNT.fullmatch(found) else ()


class Found(BaseModel):
    """One third-party way in, as a survey lists it.

    Attributes:
        params: what its look is asked to see it again; its key is made of what identifies it there.
        seen: its state, as its look would see it: recovery compares with what it was before the attacker came.
        title: what it is called there. publisher: who the provider says made it.
        part_of: key of the thing of the survey's `part_of` kind that it belongs to: a grant's client.
        works_as: the accounts in whose name it acts elsewhere, by the provider's own word.
        belongs_to: the apps that the provider says it was made for: an API key's app. Accounts as well.
        person: whose consent or key it is; people: for how many it works, where they are only counted.
        scopes: what it may do. hosts: where it calls, or comes from.
        created_at, used_at: RFC 3339; "" where it is not known. used_from: the last address.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, strict=True)
    params: Params
    seen: State | None = None
    title: Shown = ""
    publisher: Shown = ""
    part_of: Shown = ""
    works_as: tuple[Account, ...] = ()
    belongs_to: tuple[Account, ...] = ()
    person: Shown = ""
    people: Annotated[int, Field(ge=0)] = 0
    scopes: ShownAll = ()
    hosts: ShownAll = ()
    created_at: Shown = ""
    used_at: Shown = ""
    used_from: Shown = ""


class Lost(BaseModel):
    """One that was there at the last mark and is no more: only a survey that lists changes tells of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, strict=True)
    params: Params


@dataclass
class Tide:
    """How far a survey has come.

    Attributes:
        since: the mark at which its last whole listing, or the changes after it, ended; "" wants all.
        mark: set by the survey before it ends: from where it can list only changes next time; "" where it cannot.
        changes: set by a survey that lists nothing but what changed since the mark. Otherwise it lists all, and what it
            does not list is gone.
    """

    since: str = ""
    mark: str = ""
    changes: bool = False


@dataclass(frozen=True, eq=False)
class Survey(Generic[S]):
    """Lists every third-party thing of one kind at a system; ending normally means that all pages came.

    Attributes:
        of: the look whose (params, state) it lists.
        kind: the foothold kind that such a thing is (a key of the connector's footholds), or what it is a part of one:
            a grant.
        part_of: the kind of foothold that each belongs to: its own key need not be declared then. "" for a foothold.
    """

    name: str
    of: Look[Any, S]
    kind: str
    fn: Callable[[Reader, Tide], AsyncIterator[Found | Lost]]
    permission: str
    part_of: str
    doc: str

    async def __call__(self, read: Reader, tide: Tide) -> AsyncIterator[Found | Lost]:
        """Each thing there is, or that changed since the tide's mark; raises where a page did not come."""
        listed = self.fn(read.allowed((), self.permission), tide)
        while True:
            try:
                one = await anext(listed)
            except StopAsyncIteration:
                return
            except UNREADABLE as error:
                raise unreadable(self.name, error) from None
            yield one

    def key(self, of: Found | Lost) -> str:
        """By what it is known here: what its look is asked about, as the target of an action is named."""
        return key_of(of.params, self.of.identifies)
