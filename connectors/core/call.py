"""A call: one request to a provider, as a value. It is shown, hashed, journaled and counted; only the engine sends it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any
from urllib.parse import quote

import orjson
from pydantic import BaseModel

from connectors.core.errors import Impossible
from connectors.core.secret import Secret

_HOLE = re.compile(r"\{(\+?)([a-z][a-z0-9_]*)\}")


class Mark(Enum):
    """A value that is filled in at sending, so that the call's hash is the same in every plan.

    `OURS` is the connection's own secret, for a provider that takes it in the body alone; no call holds it.
    """

    ME = "me"
    RUN = "run"
    NOW = "now"
    OURS = "ours"


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of the connection that a call goes through, filled in at sending: where to, configuration alone says."""

    name: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A part of a call's answer that later calls need: sealed before the next send.

    Attributes:
        field: the name of the secret in the JSON answer.
        replaces: the secret that it takes the place of, wherever a later call or look names that one.
        lost: what a person must do when the answer never arrived.
    """

    field: str
    replaces: Secret
    lost: str


@dataclass(frozen=True)
class Call:
    """One request. Build it with `post`, `put`, `patch` or `delete`.

    A path is a template (`/users/{user}/suspend`): its holes are filled from `p` and escaped, `{+name}` takes a
    `UrlPath` whole, `@name` stands for an endpoint that the provider's own metadata names. A call holds no credential
    of ours; `bearer` is for providers that want a credential of the target itself (RFC 7592).

    Attributes:
        shown: what people and the journal see of the body, where the body itself holds more than that.
        once: why it may not be sent twice without knowing how the first went (it creates, or counts); "" means that
            it sets what the look sees, and may be repeated.
        answers: what must be kept of the answer.
    """

    method: str
    path: str
    body: Any = None
    form: bool = False
    bearer: Secret | None = None
    shown: Any = None
    once: str = ""
    answers: tuple[Answer, ...] = field(default=())

    @classmethod
    def post(
        cls, template: str, p: BaseModel | None = None, *, json: Any = None, form: Any = None, **more: Any
    ) -> Call:
        """A POST with a JSON or a form body."""
        return cls("POST", fill(template, p), json if form is None else form, form=form is not None, **more)

    @classmethod
    def mail(cls, subject: str, text: str, **more: Any) -> Call:
        """An e-mail to whom the connection's settings name (core.mail): a text, under a subject of one line."""
        return cls("MAIL", "/", {"id": Mark.ME, "subject": subject, "text": text}, **more)

    @classmethod
    def apprise(cls, title: str, text: str, **more: Any) -> Call:
        """A message by Apprise, to the URL that is the connection's secret (core.apprise)."""
        return cls("NOTIFY", "/", {"title": title, "text": text}, **more)

    @classmethod
    def put(cls, template: str, p: BaseModel | None = None, *, json: Any = None, **more: Any) -> Call:
        """A PUT with a JSON body."""
        return cls("PUT", fill(template, p), json, **more)

    @classmethod
    def patch(cls, template: str, p: BaseModel | None = None, *, json: Any = None, **more: Any) -> Call:
        """A PATCH with a JSON body: what it leaves out stays as it is."""
        return cls("PATCH", fill(template, p), json, **more)

    @classmethod
    def delete(cls, template: str, p: BaseModel | None = None, **more: Any) -> Call:
        """A DELETE."""
        return cls("DELETE", fill(template, p), **more)

    @cached_property
    def digest(self) -> str:
        """SHA-256, hex, over method, path and body, with secrets as fingerprints."""
        parts = [self.method, self.path, veil(self.body), self.form, veil(self.bearer)]
        return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def __repr__(self) -> str:
        return f"<{self}>"

    def __str__(self) -> str:
        """As a plan shows it: `PUT /clients/drift/enabled {"enabled":false}`."""
        body = self.body if self.shown is None else self.shown
        text = "" if body is None else " " + orjson.dumps(veil(body), option=orjson.OPT_SORT_KEYS).decode()
        return f"{self.method} {self.path}{text if len(text) <= 400 else text[:397] + '...'}"


def fill(template: str, p: BaseModel | None) -> str:
    """Put a model's fields into a path template, each escaped so that it stays one part of the path.

    Raises Impossible for a value that is no part of a path.
    """

    def hole(match: re.Match[str]) -> str:
        value = getattr(p, match[2])
        if isinstance(value, Secret):
            raise Impossible(template, f"{match[2]} is a secret, and a path is no place for one", "Mend the connector")
        if match[1]:
            return str(value)
        escaped = quote(str(value), safe="")
        if escaped in {"", ".", ".."}:
            raise Impossible(template, f"{match[2]} is {value!r}, which names nothing", "Mend the name that was given")
        return escaped

    return _HOLE.sub(hole, template)


def fits(template: str, path: str) -> bool:
    """Whether `path` is this template, filled."""
    parts = _HOLE.split(template)
    pattern = "".join(
        re.escape(part) if n % 3 == 0 else (".+" if part else "[^/]+") for n, part in enumerate(parts) if n % 3 < 2
    )
    return re.fullmatch(pattern, path) is not None


def veil(value: Any) -> Any:
    """The same JSON with each secret and mark as its public name: for hashes, plans and the journal."""
    match value:
        case Secret():
            return repr(value)
        case Mark():
            return f"<{value.value}>"
        case Setting():
            return f"<{value.name}>"
        case Mapping():
            return {str(name): veil(part) for name, part in value.items()}
        case list() | tuple():
            return [veil(part) for part in value]
        case _:
            return value


def unveil(value: Any, marks: Mapping[Mark | Setting, str], current: Mapping[str, Secret]) -> Any:
    """The same JSON as the provider gets it: secrets in clear (the newest of a chain of rotations), marks filled."""
    match value:
        case Secret():
            return newest(value, current).reveal()
        case Mark() | Setting():
            return marks[value]
        case Mapping():
            return {str(name): unveil(part, marks, current) for name, part in value.items()}
        case list() | tuple():
            return [unveil(part, marks, current) for part in value]
        case _:
            return value


def newest(secret: Secret, current: Mapping[str, Secret]) -> Secret:
    """The secret that has taken this one's place in the run, or itself. `current`: fingerprint -> successor."""
    seen = {secret.fingerprint}
    while (successor := current.get(secret.fingerprint)) is not None and successor.fingerprint not in seen:
        secret = successor
        seen.add(secret.fingerprint)
    return secret
