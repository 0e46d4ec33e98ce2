"""Bolt's listeners. Each keeps one durable row and tells Slack that it was taken; none acts, none waits for anything else.

The row comes before the answer: "taken" is a promise that a crash right after it must not break. It is a matter of
milliseconds (`Keeper`), far within the three seconds that Slack waits.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from triggers.slack.keeping import Keeper, NotKept
from triggers.slack.quiet import QUIET
from triggers.slack.requests import Request, of_command, of_form, of_press, of_shortcut
from triggers.slack.screens.form import FORM, REASON_FORM

COMMAND, SHORTCUT = "/ringfence", "contain_from_alert"
NOT_TAKEN = (
    "Nothing was done: what you asked could not be kept. Say it again, or use the command line: ringfence contain"
)
ANY = re.compile(r".*", re.DOTALL)
Menu = Callable[[str, str], Awaitable[list[dict[str, Any]]]]
"""Options of a menu that asks as one types: (action id, typed so far) -> options."""


def bolt(client: AsyncWebClient, keeper: Keeper, menu: Menu, signing_secret: str | None) -> AsyncApp:
    """Make the Bolt application. `signing_secret`: None where requests come by Socket Mode alone, which needs none."""

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        """Know the token without asking Slack: an answer within three seconds waits for nobody."""
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=client.token)

    app = AsyncApp(
        logger=QUIET, client=client, signing_secret=signing_secret or "", authorize=authorize,
        request_verification_enabled=signing_secret is not None,
    )  # fmt: skip

    async def command(ack: AsyncAck, body: Mapping[str, Any]) -> None:
        try:
            await keeper.keep(of_command(body))
        except NotKept:
            await ack(text=NOT_TAKEN, response_type="ephemeral")
        else:
            await ack()

    async def form(ack: AsyncAck, body: Mapping[str, Any]) -> None:
        try:
            await keeper.keep(of_form(body))
        except NotKept:
            await ack(response_action="errors", errors={"reason": NOT_TAKEN})
        else:
            await ack()

    async def options(ack: AsyncAck, payload: Mapping[str, Any]) -> None:
        await ack(options=await menu(str(payload.get("action_id", "")), str(payload.get("value", ""))))

    async def passed_by(ack: AsyncAck) -> None:
        """What we do not ask for and get all the same: without an answer Slack would send it again."""
        await ack()

    app.command(COMMAND)(command)
    app.action(ANY)(_taking(keeper, of_press))
    app.view(FORM)(form)
    app.view(REASON_FORM)(form)
    app.shortcut(SHORTCUT)(_taking(keeper, of_shortcut))
    app.options(ANY)(options)
    app.event(ANY)(passed_by)
    return app


def _taking(keeper: Keeper, read: Callable[[Mapping[str, Any]], Request]) -> Callable[..., Awaitable[None]]:
    """A listener without words of its own: not kept, it gives no answer, and Slack shows that it failed."""

    async def take(ack: AsyncAck, body: Mapping[str, Any]) -> None:
        try:
            await keeper.keep(read(body))
        except NotKept:
            return
        await ack()

    return take
