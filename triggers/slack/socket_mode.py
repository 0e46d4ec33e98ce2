"""Socket Mode: we call Slack, and what people do comes back over that connection. Nothing of ours listens to the outside."""

from __future__ import annotations

import asyncio

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

from triggers.slack.quiet import QUIET

PING_S = 5.0
STALE_S = 15.0


class Socket:
    """One connection, kept up: refreshed when Slack asks for it, begun anew when it is gone."""

    def __init__(self, app: AsyncApp, app_token: str, *, ping_s: float = PING_S, stale_s: float = STALE_S) -> None:
        """Hold what answers; nothing is connected."""
        self._app, self._token, self._ping_s, self._stale_s = app, app_token, ping_s, stale_s

    async def run(self) -> None:
        """Be connected until cancelled.

        slack-sdk tries one and the same address for ever; it is good for some seconds only, and for one time. So
        whoever is not connected for a while gets a new one.
        """
        handler = AsyncSocketModeHandler(self._app, self._token, logger=QUIET, ping_interval=self._ping_s)
        connecting = asyncio.ensure_future(handler.connect_async())  # type: ignore[no-untyped-call]
        try:
            while True:
                await asyncio.sleep(self._stale_s)
                if connecting.done() and not connecting.cancelled() and (error := connecting.exception()) is not None:
                    raise error
                if not await handler.client.is_connected():
                    handler.client.wss_uri = None
        finally:
            connecting.cancel()
            await asyncio.shield(_closed(handler))


async def _closed(handler: AsyncSocketModeHandler) -> None:
    await handler.close_async()  # type: ignore[no-untyped-call]
    await handler.client.aiohttp_client_session.close()
