"""The state of the practice company, in memory, and the little that several systems do to it.

All of it is changed on one event loop without an await between a decision and its effect.
"""

from __future__ import annotations

import asyncio
import secrets
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from sandbox.consents import Consents
from sandbox.things import (
    ACCESS_LIFE_S,
    Client,
    Key,
    Kind,
    Path,
    Rule,
    Session,
    Switch,
    Token,
    User,
    Webhook,
    rfc3339,
    utc_now,
)

Mode = Literal["plain", "admin", "none"]

OURS = (
    "idp_key", "crm_key", "firewall_key", "chat_hook", "person_key",
    "ana_token", "ben_token", "cleo_token", "dora_token", "eve_token", "alert_secret",
)  # fmt: skip
"""Names of the credentials that the company itself uses against its systems, and by which its people say who they are, and
its monitoring signs alerts with."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the company was asked to start; rates per second, lags in seconds, idle time in minutes."""

    port: int = 0
    tokens: int = 40
    attacker: Mode = "plain"
    mint_per_s: float = 5.0
    lag_s: float = 0.3
    seed: int = 7
    idle_minutes: float = 30.0
    grants: int = 12
    forgotten: bool = False


@dataclass(slots=True)
class Deeds:
    """What the attacker reached, counted where it is decided. A success is a 2xx on anything; times RFC 3339."""

    attempts: int = 0
    successes: int = 0
    last_success_at: str = ""
    minted: int = 0
    switched_back: int = 0


@dataclass(slots=True)
class World:
    """Everything that the systems know."""

    options: Options
    keys: dict[str, str] = field(default_factory=lambda: {name: secrets.token_urlsafe(24) for name in OURS})
    markers: dict[str, str] = field(default_factory=lambda: {secrets.token_hex(16): w for w in ("attacker", "vendor")})
    clients: dict[str, Client] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    paths: dict[str, Path] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    api_keys: dict[str, Key] = field(default_factory=dict)
    webhooks: dict[str, Webhook] = field(default_factory=dict)
    consents: Consents = field(default_factory=Consents)
    messages: deque[dict[str, str]] = field(default_factory=lambda: deque(maxlen=10_000))
    deeds: Deeds = field(default_factory=Deeds)
    awake: asyncio.Event = field(default_factory=asyncio.Event)
    """Until it is set nobody acts: the thief holds what he stole, the vendor rests, two looks see one state."""
    url: str = ""
    _token_secrets: dict[str, Token] = field(default_factory=dict)
    _session_secrets: dict[str, Session] = field(default_factory=dict)
    _token_ids: dict[str, list[str]] = field(default_factory=dict)
    _key_secrets: dict[str, Key] = field(default_factory=dict)

    def marker(self, who: str) -> str:
        """Give the header value by which the attacker or the vendor is told from all others."""
        return next(value for value, owner in self.markers.items() if owner == who)

    def add_client(
        self, client: str, name: str, users: int, run_as: str, *, publisher: str, scopes: tuple[str, ...],
        hosts: tuple[str, ...] = (), age_s: float = 0,
    ) -> None:  # fmt: skip
        """Register an OAuth client, enabled."""
        self.clients[client] = Client(
            client, name, users, run_as, secrets.token_urlsafe(24), _on(), publisher, scopes, hosts, _ago(age_s)
        )
        self._token_ids[client] = []

    def add_user(self, user: str, *, admin: bool = False, app: str = "") -> None:
        """Add a CRM user who can log in; `app`: what works as this user, if it is not a person."""
        self.users[user] = User(user, secrets.token_urlsafe(18), Switch(value=False, is_closed=bool), admin, app)

    def add_path(self, path: str, app: str) -> None:
        """Add a firewall path that is open to anybody, and was opened for an app."""
        self.paths[path] = Path(path, Switch(value=Rule("any"), is_closed=lambda rule: rule.mode == "only"), app)

    def add_key(
        self, name: str, app: str, owner: str, scopes: tuple[str, ...], address: str, *, age_s: float, used_s: float
    ) -> Key:
        """Make an API key `age_s` seconds ago that was last used `used_s` seconds ago."""
        key = Key(
            f"ak_{len(self.api_keys) + 1:04d}", name, app, owner, scopes, secrets.token_urlsafe(32), _on(),
            _ago(age_s), _ago(used_s), address,
        )  # fmt: skip
        self.api_keys[key.id] = self._key_secrets[key.secret] = key
        return key

    def add_webhook(self, name: str, app: str, host: str, events: tuple[str, ...], *, age_s: float) -> None:
        """Make a webhook, enabled."""
        number = f"wh_{len(self.webhooks) + 1:04d}"
        self.webhooks[number] = Webhook(number, name, app, host, events, _on(), _ago(age_s))

    def add_token(
        self, kind: Kind, client: str, user: str, address: str, *, age_s: float = 0, parent: str = "", secret: str = ""
    ) -> Token:
        """Issue a token `age_s` seconds ago. Ids grow, so that a listing by id never misses an older one.

        One in the name of anybody but the user that the client runs as is of that person's consent.
        """
        issued = _ago(age_s)
        expires = issued + timedelta(seconds=ACCESS_LIFE_S) if kind == "access" else None
        secret = secret or secrets.token_urlsafe(32)
        number = f"tk_{len(self.tokens) + 1:08d}"
        token = Token(number, kind, client, user, secret, issued, expires, issued, address, parent)
        self.tokens[token.id] = self._token_secrets[secret] = token
        self._token_ids[client].append(token.id)
        if user != self.clients[client].run_as:
            self.consents.give(token, self.clients[client].scopes)
        return token

    def use_token(self, token: Token, address: str) -> None:
        """Note that a token was used, and by it the consent that it is of."""
        token.use(address)
        self.consents.use(token, address)

    def revoke(self, token: Token) -> None:
        """Revoke one token at once, and no other."""
        if not token.revoked:
            token.revoked = True
            self.consents.take(token)

    def token_of(self, secret: str) -> Token | None:
        """Find a token by the token itself."""
        return self._token_secrets.get(secret)

    def active_tokens(self, client: str, after: str, limit: int) -> tuple[list[Token], str]:
        """List a page of live tokens in the order of their ids, and the cursor of the next page or ""."""
        ids = self._token_ids[client]
        found: list[Token] = []
        for position in range(bisect_right(ids, after), len(ids)):
            token = self.tokens[ids[position]]
            if not token.active:
                continue
            if len(found) == limit:
                return found, found[-1].id
            found.append(token)
        return found, ""

    def add_session(self, user: str, address: str, age_s: float = 0) -> Session:
        """Log a user in."""
        session = Session(f"se_{len(self.sessions) + 1:08d}", user, secrets.token_urlsafe(32), _ago(age_s), address)
        self.sessions[session.id] = self._session_secrets[session.secret] = session
        return session

    def session_of(self, secret: str) -> Session | None:
        """Find a session by its secret, alive or not."""
        return self._session_secrets.get(secret)

    def key_of(self, secret: str) -> Key | None:
        """Find an API key by the key itself, on or off."""
        return self._key_secrets.get(secret)

    def live_sessions(self, user: str, after: str, limit: int) -> tuple[list[Session], str]:
        """List a page of a user's live sessions in the order of their ids, and the next cursor or ""."""
        found = [s for s in self.sessions.values() if s.user == user and s.alive and s.id > after]
        return found[:limit], found[limit - 1].id if len(found) > limit else ""

    def switches(self) -> dict[str, Switch[bool] | Switch[Rule]]:
        """Name everything that can be switched, as "client/drift-prod", "user/svc-drift", "path/crm-api", "key/ak_0001"."""
        return {
            **{f"client/{name}": client.enabled for name, client in self.clients.items()},
            **{f"user/{name}": user.frozen for name, user in self.users.items()},
            **{f"path/{name}": path.rule for name, path in self.paths.items()},
            **{f"key/{name}": key.enabled for name, key in self.api_keys.items()},
            **{f"webhook/{name}": webhook.enabled for name, webhook in self.webhooks.items()},
        }

    def knows_secret(self, text: str) -> bool:
        """Tell whether a text is a secret of anybody here: such a text never enters the log."""
        if any(text in known for known in (self._token_secrets, self._session_secrets, self._key_secrets)):
            return True
        if text in self.keys.values():
            return True
        return any(text == c.secret for c in self.clients.values()) or any(
            text == u.password for u in self.users.values()
        )

    def say(self, text: str, at: datetime) -> None:
        """Post a message in the chat channel; the oldest of more than 10,000 is dropped."""
        self.messages.append({"at": rfc3339(at), "text": text})


def _on() -> Switch[bool]:
    return Switch(value=True, is_closed=lambda on: not on)


def _ago(seconds: float) -> datetime:
    return utc_now() - timedelta(seconds=seconds)
