"""One request and its answer, as values: what the systems of the company see of HTTP."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qsl

from sandbox.things import same
from sandbox.world import World

T = TypeVar("T")

Who = Literal["attacker", "vendor", "person", "ringfence"]

COMPANY_ADDRESS = "10.0.0.5"
"""Where everybody calls from who does not say otherwise in `X-Sandbox-Address`."""


class Refuse(Exception):
    """An answer that is a refusal: status, a sentence, and headers."""

    def __init__(self, status: int, error: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Ask:
    """One request.

    Attributes:
        params: the named parts of the path.
        heard: the answer will reach the caller (false where a fault drops it).
        pretend: a fault makes this write answer well and do nothing.
    """

    who: Who
    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    address: str
    heard: bool = True
    pretend: bool = False

    @property
    def ours(self) -> bool:
        """One of us asks and gets the answer."""
        return self.heard and self.who in {"person", "ringfence"}

    def credential(self) -> tuple[str, str]:
        """Split `Authorization` into its scheme, in lower case, and the rest (RFC 9110 section 11.4)."""
        scheme, _, rest = self.headers.get("authorization", "").partition(" ")
        return scheme.lower(), rest.strip()

    def json(self) -> Mapping[str, Any]:
        """Read the body as a JSON object."""
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise Refuse(422, "the body is not JSON") from error
        if not isinstance(value, dict):
            raise Refuse(422, "the body is not a JSON object")
        return value

    def flag(self, name: str) -> bool:
        """Read true or false out of the body."""
        value = self.json().get(name)
        if not isinstance(value, bool):
            raise Refuse(422, f"{name} is true or false")
        return value

    def number(self, name: str, default: int, most: int) -> int:
        """Read a whole number from 1 to `most` out of the query."""
        text = self.query.get(name, "")
        if not text:
            return default
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise Refuse(422, f"{name} is a whole number from 1 to {most}")
        return int(text)


def page(ask: Ask, ids: Iterable[str]) -> tuple[list[str], str]:
    """Give the page of these ids that is asked for, in their order, and the cursor of the next page or ""."""
    after, limit = ask.query.get("after", ""), ask.number("limit", 100, 500)
    found = sorted(each for each in ids if each > after)
    return found[:limit], found[limit - 1] if len(found) > limit else ""


def form(ask: Ask) -> dict[str, str]:
    """Read a form. Parameters sent without a value count as absent, and none may come twice (RFC 6749 section 3.2)."""
    kind = ask.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Refuse(400, "invalid_request")
    pairs = parse_qsl(ask.body.decode("utf-8", "replace"))
    if len({name for name, _ in pairs}) != len(pairs):
        raise Refuse(400, "invalid_request")
    return dict(pairs)


@dataclass(slots=True)
class Answer:
    """What is answered.

    Attributes:
        body: a JSON value, or text.
        effect: what the write does; run at once, unless a fault only pretends.
        reads: customer records were given out.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    effect: Callable[[], object] | None = None
    reads: bool = False


Handler = Callable[[World, Ask], Answer]
"""A system's route: decides at once, awaits nothing, raises `Refuse`."""


def who_asks(world: World, headers: Mapping[str, str]) -> Who:
    """Tell who asks: attacker and vendor by a header that only they know, a person by her key, else the tool."""
    owner = world.markers.get(headers.get("x-sandbox-actor", ""))
    if owner == "attacker":
        return "attacker"
    if owner == "vendor":
        return "vendor"
    scheme, _, credential = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and same(credential.strip(), world.keys["person_key"]):
        return "person"
    return "ringfence"


def address_of(headers: Mapping[str, str]) -> str:
    """Give the simulated address of the caller."""
    text = headers.get("x-sandbox-address", COMPANY_ADDRESS)
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError as error:
        raise Refuse(422, "X-Sandbox-Address is not an IP address") from error


def admit(world: World, ask: Ask, key: str) -> None:
    """Let in the company's credential of that name, a person, or the live session of an admin user; refuse all else."""
    scheme, credential = ask.credential()
    if scheme == "bearer" and (ask.who == "person" or same(credential, world.keys[key])):
        return
    if scheme == "session":
        session = world.session_of(credential)
        if session is not None and session.alive:
            if world.users[session.user].admin:
                return
            raise Refuse(403, "this user is not an admin")
    raise Refuse(401, "a valid credential is missing", {"WWW-Authenticate": 'Bearer realm="practice"'})


def own_key(key: str, *may: str) -> Handler:
    """Make the route by which a system says what the company's credential for it may do."""

    def me(world: World, ask: Ask) -> Answer:
        admit(world, ask, key)
        return Answer(body={"may": list(may)})

    return me


def named(world: World, ask: Ask, key: str, what: str, there: Mapping[str, T]) -> T:
    """Find the thing that the request's path names, for whoever `admit` lets in; refuse with 404 where there is none."""
    admit(world, ask, key)
    found = there.get(ask.params[what])
    if found is None:
        raise Refuse(404, f"no such {what}")
    return found
