"""Whether a credential of ours reaches what playbooks need of it, and whether it may more than that. Looks only.

Two things tell it: the provider's own word on what the credential may do, and looks that are carried out, each at a foothold
that is declared there. No look proves that a write is allowed; where the provider tells nothing, that stays unproven.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from connectors.core import (
    Busy,
    Connection,
    ConnectorError,
    Find,
    Held,
    Look,
    NotAllowed,
    Reader,
    Secret,
    Survey,
    Tide,
    Unreachable,
    Unseen,
    connect,
)
from engine.needed import Needed
from engine.opening import Opener
from inventory.read import Inventory

MOST_TRIES = 3
"""Footholds at which one look is tried, where the first are not there."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One look, find or survey that was carried out, and what came back: "" where it was let in.

    `odd`: an answer that its connector does not know, at which a person must look.
    """

    name: str
    on: str
    came: str = ""
    refused: bool = False
    odd: bool = False


@dataclass
class Reach:
    """How far one connection's credential goes.

    Attributes:
        held: what the provider says that it may do.
        tried: what was looked at. trouble: why nothing more could be told: it is not up, or turned us away altogether.
        shared: who else the same credential is configured for.
    """

    needed: Needed
    held: Held = field(default_factory=lambda: Held(why="nothing there says what a credential may do"))
    tried: list[Tried] = field(default_factory=list)
    trouble: str = ""
    shared: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """What playbooks need, and it has not: by the provider's word, or because a look was turned away."""
        wanted, rights = self.needed.names, self.needed.system.rights
        lacks = set() if rights is None or self.held.names is None else set(rights.missing(wanted, self.held.names))
        seen = self.seen
        for one in self.tried:
            if one.refused:
                names = {name for name, uses in wanted.items() if one.name in uses}
                lacks |= (names - seen) or names or {self.needed.needs[one.name].permission}
        return tuple(sorted(lacks))

    def why_missing(self, name: str) -> str:
        """What shows that one is not there: a look that was turned away, or the provider's own word."""
        uses = self.needed.names.get(name, [])
        came = [one.came for one in self.tried if one.refused and (one.name in uses or self._sentence(one) == name)]
        told = self.held.names is not None and self.needed.system.rights is not None
        if not came:
            return "the provider says that it has not"
        held = told and name not in self.needed.system.rights.missing([name], self.held.names or ())  # type: ignore[union-attr]
        return came[0] + (", though the provider says that it has" if held else "")

    def _sentence(self, one: Tried) -> str:
        return self.needed.needs[one.name].permission

    @property
    def seen(self) -> frozenset[str]:
        """The permissions that a look proved."""
        good = {one.name for one in self.tried if not one.came}
        return frozenset(name for name, uses in self.needed.names.items() if good & set(uses))

    @property
    def wider(self) -> tuple[str, ...]:
        """What it may and nothing asked for."""
        rights = self.needed.system.rights
        return rights.beyond(self.needed.names, self.held.names) if rights is not None and self.held.names else ()

    @property
    def unproven(self) -> tuple[str, ...]:
        """What is needed, and neither the provider's word nor a look says that it is there."""
        if self.held.names is not None:
            return ()
        known = {*self.seen, *self.missing}
        rights = self.needed.system.rights
        return tuple(
            name for name in self.needed.names
            if rights is not None and not any(rights.covers(other, name) for other in known)
        )  # fmt: skip

    @property
    def good(self) -> bool:
        """It reaches all that could be told, and no more than that."""
        odd = any(one.odd for one in self.tried)
        return not (odd or self.missing or self.wider or self.trouble or self.shared or self.held.wide)


async def reach(inventory: Inventory, needed: Needed, connection: Connection, *, opener: Opener = connect) -> Reach:
    """Ask one provider, and look there with our credential. Raises nothing that a provider does."""
    found = Reach(needed, shared=shared_with(inventory, needed.connection))
    reader, _, wire = opener(connection, writes=False)
    try:
        if connection.connector.auth == "none" and connection.secret is None:
            found.held = Held(why="no credential of ours goes along")
        elif needed.system.held is not None:
            found.held = await needed.system.held(reader)
        for name in needed.needs:
            for tried in [one async for one in _tries(inventory, needed, name, reader)]:
                found.tried.append(tried)
    except ConnectorError as error:
        found.trouble = str(error)
    finally:
        await wire.close()
    return found


def shared_with(inventory: Inventory, name: str) -> tuple[str, ...]:
    """Who else gets a connection's credential: connections to other hosts, whose provider sees it then."""
    mine = inventory.config.connections[name]
    if mine.secret is None:
        return ()
    others = {
        other: entry for other, entry in inventory.config.connections.items()
        if other != name and entry.secret == mine.secret
    }  # fmt: skip
    return tuple(other for other, entry in others.items() if _host(entry.url) != _host(mine.url))


def _host(url: str) -> str:
    return urlsplit(url).netloc or url


async def _tries(inventory: Inventory, needed: Needed, name: str, reader: Reader) -> Any:
    """Carry one out, at one foothold after another until it is let in or turned away."""
    read = _read_of(needed, name)
    if read is None:
        return
    for params, on in _asked(inventory, needed, read):
        try:
            await _once(read, params, reader)
        except NotAllowed as error:
            yield Tried(name, on, f"{error.tried}: {error.came_back}", refused=True)
            return
        except Unseen as error:
            yield Tried(name, on, f"{error.came_back}: not there, or hidden from us")
        except (Unreachable, Busy):
            raise
        except ConnectorError as error:
            yield Tried(name, on, str(error), odd=True)
        else:
            yield Tried(name, on)
            return


Read = Look[Any, Any] | Find[Any, Any] | Survey[Any]


def _read_of(needed: Needed, name: str) -> Read | None:
    """What looks, by its name. One that takes a secret is not tried: it would be used, and perhaps rotated."""
    system = needed.system
    read: Read | None = system.looks.get(name) or system.finds.get(name) or system.surveys.get(name)
    if read is None or isinstance(read, Survey):
        return read
    secret = any(field.annotation is Secret for field in read.params.model_fields.values())
    return None if secret else read


def _asked(inventory: Inventory, needed: Needed, read: Read) -> Iterator[tuple[BaseModel | None, str]]:
    """What it is asked about: each declared foothold there that names all of it."""
    if isinstance(read, Survey):
        yield None, "all there"
        return
    been: set[str] = set()
    for integration in inventory.integrations.values():
        for entry in integration.footholds:
            if entry.at != needed.connection or entry.found:
                continue
            asked = {"addresses": integration.addresses, **entry.names}
            fields = {name: asked[name] for name in read.params.model_fields if name in asked}
            try:
                params = read.params.model_validate(fields)
            except ValidationError:
                continue
            if (key := params.model_dump_json()) not in been and len(been) < MOST_TRIES:
                been.add(key)
                yield params, ", ".join(str(value) for value in fields.values()) or "all there"


async def _once(read: Read, params: BaseModel | None, reader: Reader) -> None:
    """Carry it out; of a listing no more than its first page is asked for."""
    if isinstance(read, Look):
        await read(reader, params)
        return
    listing = read(reader, Tide()) if isinstance(read, Survey) else read(reader, params)
    async with aclosing(listing) as pages:  # type: ignore[type-var]  # an async generator, declared as an iterator
        async for _ in pages:
            return


async def reach_all(
    inventory: Inventory, needed: Iterable[Needed], connections: Mapping[str, Connection], *, opener: Opener = connect
) -> list[Reach]:
    """All connections side by side, each with its own credential and no other."""
    return list(
        await asyncio.gather(*(reach(inventory, one, connections[one.connection], opener=opener) for one in needed))
    )
