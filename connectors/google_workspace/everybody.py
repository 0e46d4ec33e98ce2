"""Every user of the customer, and one question to each: Google lists tokens and app passwords for one user at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from connectors.core import Params, Reader, Unexpected, Unseen
from connectors.google_workspace.service import PAGE, google_workspace, pages

T = TypeVar("T")
AT_ONCE = google_workspace.rate.in_flight


class User(Params):
    """One user, by primary address or id."""

    user: str


async def addresses(read: Reader) -> AsyncIterator[list[str]]:
    """The primary addresses of all users, suspended ones too, a page at a time.

    Unexpected where there is none at all: the admin in whose name we ask is one.
    """
    found = False
    customer = read.settings.customer
    query = {
        "customer": customer,
        "maxResults": PAGE,
        "orderBy": "email",
        "fields": "nextPageToken,users(primaryEmail)",
    }
    async for page in pages(read, "/admin/directory/v1/users", "users", **query):
        found = found or bool(page)
        yield [user["primaryEmail"] for user in page]
    if not found:
        where = f"{read.url}: the users of customer {customer}"
        raise Unexpected(
            where, "nobody, and we ask as one of them", "Is `customer` in the connection's settings right?"
        )


async def ask_each(
    read: Reader, question: Callable[[Reader, User], Awaitable[list[T]]]
) -> AsyncIterator[tuple[str, list[T]]]:
    """What the question gives for each user, a few users at a time; nothing is kept of those that were asked.

    One that was deleted since its page came is left out; one that is there and says 404 ends the listing as Unseen.
    """

    async def one(address: str) -> list[T]:
        try:
            return await question(read, User(user=address))
        except Unseen:
            try:
                await read.get("/admin/directory/v1/users/{user}", User(user=address), fields="primaryEmail")
            except Unseen:
                return []
            raise

    async for page in addresses(read):
        for start in range(0, len(page), AT_ONCE):
            some = page[start : start + AT_ONCE]
            asked = [asyncio.ensure_future(one(address)) for address in some]
            try:
                answers = await asyncio.gather(*asked)
            finally:
                for task in asked:
                    task.cancel()
            for address, answer in zip(some, answers, strict=True):
                yield address, answer
