"""Carries messages by Apprise to what has no connector here. The whole URL, with its keys, is the connection's secret.

Apprise follows redirects, sleeps by itself and answers only True or False (tried, 1.9): a False says neither whether it left
us nor why. So it runs beside, in bounded time, and a False is *no answer*. Source: github.com/caronc/apprise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from connectors.core.aside import aside
from connectors.core.wire import REQUEST_TIMEOUT_S, Connection, NoAnswer, NotSent, Reply


async def by_apprise(connection: Connection, body: Mapping[str, Any]) -> Reply:
    """Carry one message: `title` and `text`."""
    if connection.secret is None:
        raise NotSent("the connection has no Apprise URL as its secret")
    url = connection.secret.reveal()
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            came = await aside(lambda: notified(url, str(body["title"]), str(body["text"])))
    except TimeoutError:
        raise NoAnswer(f"Apprise took over {REQUEST_TIMEOUT_S:g} s") from None
    except Exception as error:  # noqa: BLE001  # plug-ins of others raise what they like, and may quote the URL
        raise NoAnswer(f"{type(error).__name__} in Apprise") from None
    if came is None:
        return Reply(400, {}, {"error": "no_apprise_url"})
    if not came:
        raise NoAnswer("Apprise says that it could not send it")
    return Reply(202, {}, None)


def notified(url: str, title: str, text: str) -> bool | None:
    """Whether Apprise says that it sent it; None where it does not know such a URL. It blocks, for as long as it likes."""
    import logging

    import apprise

    logging.getLogger("apprise").disabled = True  # it would log parts of the URL, which is a secret
    channel = apprise.Apprise()
    if not channel.add(url):
        return None
    return bool(channel.notify(title=title, body=text))
