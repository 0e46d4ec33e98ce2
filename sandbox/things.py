"""What the practice company consists of: clients, tokens, users, sessions, keys, webhooks, paths, and how a change lags.

Says nothing of HTTP. Times that people see are UTC; lags are measured on the monotonic clock.
"""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, Literal, TypeVar

T = TypeVar("T")

ACCESS_LIFE_S = 3600
"""Life of an access token, in seconds: RFC 6749 section 5.1 gives one hour as its example."""

Kind = Literal["access", "refresh"]


def utc_now() -> datetime:
    """Tell the time, in UTC."""
    return datetime.now(UTC)


def rfc3339(at: datetime) -> str:
    """Write a time as RFC 3339 in UTC with all six digits, so that text order is time order."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def same(given: str, wanted: str) -> bool:
    """Compare two secrets in constant time; nothing equals an empty one."""
    return bool(wanted) and hmac.compare_digest(given.encode(), wanted.encode())


@dataclass(slots=True)
class Switch(Generic[T]):
    """A setting whose change takes effect, and becomes visible, some time after it was accepted.

    Attributes:
        value: what holds now.
        is_closed: tells whether a value shuts the attacker out.
        version: grows by one each time that a change takes effect, even to the same value.
        closed_at: monotonic seconds at which it became closed; None while it is open.
        seen_closed: one of us has read that it is closed, since it was closed.
    """

    value: T
    is_closed: Callable[[T], bool]
    version: int = 1
    closed_at: float | None = None
    seen_closed: bool = False
    _coming: deque[tuple[float, T]] = field(default_factory=deque)

    def change(self, value: T, lag_s: float) -> None:
        """Accept a change that takes effect `lag_s` seconds from now."""
        self._coming.append((time.monotonic() + lag_s, value))
        self.now()

    def now(self) -> T:
        """Tell what holds at this moment."""
        while self._coming and self._coming[0][0] <= time.monotonic():
            due, self.value = self._coming.popleft()
            self.version += 1
            if not self.is_closed(self.value):
                self.closed_at, self.seen_closed = None, False
            elif self.closed_at is None:
                self.closed_at = due
        return self.value

    def look(self, *, ours: bool) -> T:
        """Read it; `ours` when one of us gets the answer: a later switch-back is then provably not a slow provider."""
        value = self.now()
        if ours and self.is_closed(value):
            self.seen_closed = True
        return value


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may pass a firewall path: anybody, or only these addresses (single ones or networks)."""

    mode: Literal["any", "only"]
    addresses: tuple[str, ...] = ()

    def allows(self, address: str) -> bool:
        """Tell whether a caller from `address` gets through."""
        if self.mode == "any":
            return True
        caller = ipaddress.ip_address(address)
        return any(caller in ipaddress.ip_network(each, strict=False) for each in self.addresses)


@dataclass(slots=True)
class Client:
    """An OAuth client (RFC 6749 section 2) as authlib asks about it.

    Attributes:
        users: how many people use the integration.
        run_as: the CRM user in whose name client_credentials tokens act; "" for one that only acts for people.
        scopes: what people are asked to consent to.
        hosts: where its redirects lead.
    """

    client_id: str
    name: str
    users: int
    run_as: str
    secret: str
    enabled: Switch[bool]
    publisher: str
    scopes: tuple[str, ...]
    hosts: tuple[str, ...]
    created: datetime

    def check_client_secret(self, secret: str) -> bool:
        """Compare the secret that was shown."""
        return same(secret, self.secret)

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """Every client here has a secret; it may come in the header or in the body (RFC 6749 section 2.3.1)."""
        return method in {"client_secret_basic", "client_secret_post"}

    def check_grant_type(self, grant: str) -> bool:
        """Refreshing is everybody's; without a user to run as there is nobody to act as by itself."""
        return grant == "refresh_token" or (grant == "client_credentials" and bool(self.run_as))

    def get_allowed_scope(self, _scope: str | None) -> str:
        """There is one scope that the CRM asks for, whatever people were told."""
        return "crm"


@dataclass(slots=True)
class Token:
    """One token, access or refresh, as authlib asks about it. Its id is public, its secret is the token itself.

    Attributes:
        expires: when it dies by itself; a refresh token does not.
        parent: id of the refresh token that it was issued from, or "".
        grant: id of the consent that it is of, or "" for a client's own.
    """

    id: str
    kind: Kind
    client: str
    user: str
    secret: str
    issued: datetime
    expires: datetime | None
    used_at: datetime
    used_from: str
    parent: str = ""
    grant: str = ""
    revoked: bool = False

    @property
    def active(self) -> bool:
        """Tell whether it still works."""
        return not self.revoked and not self.is_expired()

    def check_client(self, client: object) -> bool:
        """Tell whether it was issued to that client."""
        return getattr(client, "client_id", None) == self.client

    def get_scope(self) -> str:
        """There is one scope."""
        return "crm"

    def is_expired(self) -> bool:
        """Tell whether it died by itself."""
        return self.expires is not None and self.expires <= utc_now()

    def is_revoked(self) -> bool:
        """Tell whether it was revoked."""
        return self.revoked

    def use(self, address: str) -> None:
        """Note that it was used, and from where."""
        self.used_at, self.used_from = utc_now(), address


@dataclass(slots=True)
class User:
    """A user of the CRM. A frozen one cannot log in; his open sessions survive.

    Attributes:
        app: the OAuth client that works as this user; "" for a person.
    """

    name: str
    password: str
    frozen: Switch[bool]
    admin: bool = False
    app: str = ""


@dataclass(slots=True)
class Key:
    """An API key of the CRM: lasts until it is switched off, whatever becomes of whom it was made for.

    Attributes:
        app: the OAuth client that it was made for, by the word of whoever made it; "" where nothing was said.
        owner: the CRM user in whose name it reads.
    """

    id: str
    name: str
    app: str
    owner: str
    scopes: tuple[str, ...]
    secret: str
    enabled: Switch[bool]
    created: datetime
    used_at: datetime
    used_from: str

    def use(self, address: str) -> None:
        """Note that it was used, and from where."""
        self.used_at, self.used_from = utc_now(), address


@dataclass(slots=True)
class Webhook:
    """What the CRM tells somebody outside each time that something happens: a way out for data.

    Attributes:
        app: the OAuth client that it was made for. host: where it leads. events: what it tells of.
    """

    id: str
    name: str
    app: str
    host: str
    events: tuple[str, ...]
    enabled: Switch[bool]
    created: datetime


@dataclass(slots=True)
class Session:
    """An open login at the CRM. Its id is public; whoever shows its secret is that user."""

    id: str
    user: str
    secret: str
    started: datetime
    address: str
    alive: bool = True


@dataclass(slots=True)
class Path:
    """A way through the firewall. `app`: the OAuth client that it was opened for."""

    name: str
    rule: Switch[Rule]
    app: str = ""
