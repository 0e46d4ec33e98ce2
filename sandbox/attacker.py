"""The thief: holds everything of the drift integration that can be stolen, uses it, mints more, never gives up.

He is as strong as somebody who tries all he has, again and again: what a containment forgot, he finds within seconds.
While anything works he sends a few tens of requests a second; when nothing has for a while, about two.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque

from sandbox.caller import Caller
from sandbox.seed import CRM_PATH, DRIFT, DRIFT_USER, THIEF_ADDRESSES
from sandbox.world import World

TICK_S = 0.1
"""Seconds from one burst to the next while something works."""

SLOW_S = 0.5
"""Seconds between single tries when nothing does."""

PATIENCE_S = 3.0
"""Seconds without a success before he slows down; longer while he holds things that he has not tried since."""

MOST_HELD = 5_000
"""Tokens that he keeps; with so many he mints no more."""

BACK_AFTER_S = 2.0
"""Seconds after which he switches a thing back on though none of us has seen it closed."""

REACTS_S = 0.005
"""How soon an admin notices that something of his was closed: a script of his watches."""

AGAIN_S = 1.0
"""Seconds before he tries to switch the same thing again."""


class Purse:
    """Secrets of one kind: those that may still work, in turn, and those that were refused."""

    def __init__(self, secrets: list[str]) -> None:
        self.hopeful = deque(secrets)
        self.refused: deque[str] = deque()

    def next(self) -> str:
        """Take the next hopeful one, or a refused one when there is no hope; "" when there is nothing."""
        for purse in (self.hopeful, self.refused):
            if purse:
                purse.rotate(-1)
                return purse[-1]
        return ""

    def next_refused(self) -> str:
        """Take a refused one: perhaps it works again."""
        self.refused.rotate(-1)
        return self.refused[-1] if self.refused else ""

    def judge(self, secret: str, status: int) -> None:
        """Learn from an answer: 401 and 400 speak of the secret, anything else does not."""
        if status in {400, 401} and secret in self.hopeful:
            self.hopeful.remove(secret)
            self.refused.append(secret)
        elif status == 200 and secret in self.refused:
            self.refused.remove(secret)
            self.hopeful.append(secret)


class Attacker:
    """The thief's loop."""

    def __init__(self, world: World, caller: Caller) -> None:
        self._world = world
        self._caller = caller
        self._dice = random.Random(world.options.seed)  # noqa: S311 - order, no secret
        tokens = [token for token in world.tokens.values() if token.client == DRIFT]
        self._access = Purse([token.secret for token in tokens if token.kind == "access"])
        self._refresh = Purse([token.secret for token in tokens if token.kind == "refresh"])
        mine = [s.secret for s in world.sessions.values() if s.user == DRIFT_USER and s.address in THIEF_ADDRESSES]
        self._sessions = Purse(mine)
        self._keys = Purse([key.secret for key in world.api_keys.values() if key.app == DRIFT])
        self._client = {"client_id": DRIFT, "client_secret": world.clients[DRIFT].secret}
        self._login = {"user": DRIFT_USER, "password": world.users[DRIFT_USER].password}
        self._won_at = time.monotonic()
        self._mint_due = 0.0
        self._mint_refused_at = 0.0
        self._switched: dict[str, float] = {}

    async def run(self) -> None:
        """Go on for ever: fast while something works, slowly when nothing does."""
        watching = asyncio.ensure_future(self.watch_switches()) if self._world.options.attacker == "admin" else None
        try:
            await self._steal()
        finally:
            if watching is not None:
                watching.cancel()

    async def watch_switches(self) -> None:
        """Switch back whatever is closed, as soon as one of us has seen it closed."""
        while True:
            await self._world.awake.wait()
            await self.switch_back()
            await asyncio.sleep(REACTS_S)

    async def _steal(self) -> None:
        turn, last = 0, time.monotonic()
        moves = [self.mint, self.read_by_token, self.refresh, self.read_by_session, self.log_in, self.retry]
        moves += [self.read_by_key] if self._keys.hopeful else []
        while True:
            if not self._world.awake.is_set():
                await self._world.awake.wait()
                last = self._won_at = time.monotonic()
            turn += 1
            now = time.monotonic()
            if now - self._won_at > self._patience_s():
                await moves[turn % len(moves)]()
                last = time.monotonic()
                await asyncio.sleep(SLOW_S)
                continue
            self._mint_due += min(now - last, 1.0) * self._world.options.mint_per_s
            last = now
            await self.burst(turn)
            await asyncio.sleep(max(0.0, TICK_S - (time.monotonic() - now)))

    def _patience_s(self) -> float:
        hopeful = max(len(self._access.hopeful), 4 * len(self._refresh.hopeful))
        return min(max(PATIENCE_S, hopeful * TICK_S), 30.0)

    async def burst(self, turn: int) -> None:
        """Use what there is: a token each time, session and refresh in turns, and mint as fast as he was told."""
        await self.read_by_token()
        if turn % 2:
            await self.read_by_session()
        elif turn % 4 == 0:
            await self.refresh()
        if turn % 3 == 0:
            await self.read_by_key()
        if turn % 5 == 0:
            await self.retry()
        if turn % 10 == 0 and not self._sessions.hopeful:
            await self.log_in()
        if self._mint_refused_at and time.monotonic() - self._mint_refused_at < SLOW_S:
            self._mint_due = min(self._mint_due, 1.0)
            return
        while self._mint_due >= 1 and len(self._access.hopeful) < MOST_HELD:
            self._mint_due -= 1
            if not await self.mint():
                break

    async def _ask(self, method: str, path: str, **more: object) -> tuple[int, dict[str, object]]:
        address = self._dice.choice(THIEF_ADDRESSES)
        status, body = await self._caller.ask(method, path, address, **more)  # type: ignore[arg-type] # passed through
        if 200 <= status < 300:
            self._won_at = time.monotonic()
        return status, dict(body)

    async def mint(self) -> bool:
        """Get a token with the stolen client secret."""
        form = {"grant_type": "client_credentials", **self._client}
        status, body = await self._ask("POST", "/idp/oauth/token", form=form)
        self._mint_refused_at = 0.0 if status == 200 else time.monotonic()
        if status == 200:
            self._access.hopeful.append(str(body["access_token"]))
        return status == 200

    async def refresh(self) -> None:
        """Get a token with a stolen refresh token."""
        if not (secret := self._refresh.next()):
            return
        form = {"grant_type": "refresh_token", "refresh_token": secret, **self._client}
        status, body = await self._ask("POST", "/idp/oauth/token", form=form)
        if status == 200 and len(self._access.hopeful) < MOST_HELD:
            self._access.hopeful.append(str(body["access_token"]))
        if body.get("error") in {None, "invalid_grant"}:  # invalid_client speaks of the client, not of this token
            self._refresh.judge(secret, status)

    async def read_by_token(self) -> None:
        """Read records with the next token."""
        if secret := self._access.next():
            await self._read(self._access, secret, "Bearer")

    async def read_by_session(self) -> None:
        """Read records with the next session; log in again when there is none."""
        if secret := self._sessions.next():
            await self._read(self._sessions, secret, "Session")

    async def read_by_key(self) -> None:
        """Read records with the next API key."""
        if secret := self._keys.next():
            await self._read(self._keys, secret, "Key")

    async def _read(self, purse: Purse, secret: str, scheme: str) -> None:
        status, _ = await self._ask("GET", "/crm/records?limit=5", authorization=f"{scheme} {secret}")
        purse.judge(secret, status)

    async def log_in(self) -> None:
        """Open a new session with the stolen password."""
        status, body = await self._ask("POST", "/crm/login", json=self._login)
        if status == 200:
            self._sessions.hopeful.append(str(body["session"]))

    async def retry(self) -> None:
        """Try again something that was refused before."""
        if secret := self._access.next_refused():
            await self._read(self._access, secret, "Bearer")

    async def switch_back(self) -> None:
        """As an admin, open again what one of us has seen closed, or what has been closed for two seconds."""
        opened = {
            f"client/{DRIFT}": (f"/idp/clients/{DRIFT}/enabled", {"enabled": True}),
            f"user/{DRIFT_USER}": (f"/crm/users/{DRIFT_USER}/frozen", {"frozen": False}),
            f"path/{CRM_PATH}": (f"/firewall/paths/{CRM_PATH}", {"mode": "any", "addresses": []}),
        }
        opened |= {
            f"{kind}/{name}": (f"/crm/{kind}s/{name}/enabled", {"enabled": True})
            for kind, there in (("key", self._world.api_keys), ("webhook", self._world.webhooks))
            for name, thing in there.items()
            if thing.app == DRIFT
        }
        switches, now = self._world.switches(), time.monotonic()
        for name, (path, body) in opened.items():
            switch = switches[name]
            switch.now()
            due = switch.closed_at is not None and (switch.seen_closed or now - switch.closed_at >= BACK_AFTER_S)
            if due and now - self._switched.get(name, 0.0) >= AGAIN_S:
                self._switched[name] = now
                authorization = f"Session {self._sessions.next()}"
                status, _ = await self._ask("PUT", path, authorization=authorization, json=body)
                if status == 401:
                    self._switched[name] = now + 2.0
