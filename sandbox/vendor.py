"""The vendor of the drift integration: an honest party that goes on working with what it was given."""

from __future__ import annotations

import asyncio
import random

from sandbox.caller import Caller
from sandbox.seed import DRIFT, DRIFT_USER, VENDOR_ADDRESSES
from sandbox.world import World

PACE_S = 0.5
"""Seconds from one read to the next."""


class Vendor:
    """Reads records about twice a second, refreshes a token each fifth time, uses its session each seventh."""

    def __init__(self, world: World, caller: Caller) -> None:
        self._world = world
        self._caller = caller
        self._dice = random.Random(world.options.seed)  # noqa: S311 - order, no secret
        tokens = [token for token in world.tokens.values() if token.client == DRIFT]
        self._access = [token.secret for token in tokens if token.kind == "access"]
        self._refresh = [token.secret for token in tokens if token.kind == "refresh"]
        self._session = next((s.secret for s in world.sessions.values() if s.user == DRIFT_USER), "")
        self._client = {"client_id": DRIFT, "client_secret": world.clients[DRIFT].secret}
        self._login = {"user": DRIFT_USER, "password": world.users[DRIFT_USER].password}

    async def run(self) -> None:
        """Work for ever."""
        turn = 0
        while True:
            await self._world.awake.wait()
            turn += 1
            await self.work(turn, VENDOR_ADDRESSES[turn % len(VENDOR_ADDRESSES)])
            await asyncio.sleep(PACE_S * self._dice.uniform(0.8, 1.2))

    async def work(self, turn: int, address: str) -> None:
        """Do one thing."""
        if turn % 5 == 0 and self._refresh:
            form = {"grant_type": "refresh_token", "refresh_token": self._dice.choice(self._refresh), **self._client}
            status, body = await self._caller.ask("POST", "/idp/oauth/token", address, form=form)
            if status == 200:
                self._access = [*self._access[-200:], str(body["access_token"])]
            return
        if turn % 7 == 0:
            status, _ = await self._caller.ask("GET", "/crm/records", address, authorization=f"Session {self._session}")
            if status == 401:
                status, body = await self._caller.ask("POST", "/crm/login", address, json=self._login)
                self._session = str(body["session"]) if status == 200 else self._session
            return
        if self._access:
            token = self._dice.choice(self._access)
            await self._caller.ask("GET", "/crm/records", address, authorization=f"Bearer {token}")
