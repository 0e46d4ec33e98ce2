"""Foreign identity providers whose word lets people in here, and event hooks by which others are told what happens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from connectors.core import Call, Found, Lost, Params, Reader, Shown, ShownAll, State, Tide, Volatile
from connectors.okta.apps import PAGE, host_of
from connectors.okta.sessions import Idp, IdpSeen, end_sessions, idp, idp_seen
from connectors.okta.system import okta, pages


class Hook(Params):
    """One event hook, by its id."""

    hook: str


class HookSeen(State):
    """Whether it tells anything, what, and to which host. Never its headers: they hold a secret."""

    active: bool
    host: Shown = ""
    events: ShownAll = ()
    name: Volatile[str] = ""
    verified: Volatile[bool] = True


def _hook(item: Any) -> HookSeen:
    return HookSeen(
        active=item["status"] == "ACTIVE",
        host=host_of(str(item["channel"]["config"]["uri"])),
        events=tuple(sorted(item["events"]["items"])),
        name=str(item.get("name") or ""),
        verified=item.get("verificationStatus", "VERIFIED") == "VERIFIED",
    )


@okta.look(permission="okta.eventHooks.read")
async def event_hook(read: Reader, p: Hook) -> HookSeen:
    """One event hook."""
    return _hook(await read.get("/api/v1/eventHooks/{hook}", p))


@okta.survey(of=event_hook, kind="webhook", permission="okta.eventHooks.read")
async def event_hooks(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every event hook, on or off, and the host that it tells."""
    async for item in pages(read, "/api/v1/eventHooks"):
        seen = _hook(item)
        yield Found(
            params=Hook(hook=item["id"]),
            seen=seen,
            title=seen.name,
            person=str(item.get("createdBy") or ""),
            scopes=seen.events,
            hosts=(seen.host,),
            created_at=str(item.get("created") or ""),
        )


@okta.survey(of=idp, kind="sso", permission="okta.idps.read")
async def idps(read: Reader, _tide: Tide) -> AsyncIterator[Found | Lost]:
    """Every foreign identity provider, on or off. An attacker who is admin adds one of his own."""
    async for item in pages(read, "/api/v1/idps", limit=PAGE):
        seen = idp_seen(item)
        yield Found(
            params=Idp(idp=item["id"]),
            seen=seen,
            title=seen.name,
            publisher=seen.kind,
            created_at=str(item.get("created") or ""),
        )


@okta.action(
    sees=event_hook, layer="application", does="closes-path", permission="okta.eventHooks.manage", settles_within_s=30
)
def deactivate_event_hook(p: Hook, seen: HookSeen) -> Iterator[Call]:
    """Stop an event hook from telling anything. What it told before stays where it went."""
    if seen.active:
        yield Call.post("/api/v1/eventHooks/{hook}/lifecycle/deactivate", p)


@deactivate_event_hook.undo
def _(p: Hook, seen: HookSeen, before: HookSeen) -> Iterator[Call]:
    if before.active and not seen.active:
        yield Call.post("/api/v1/eventHooks/{hook}/lifecycle/activate", p)


@okta.action(
    sees=idp,
    layer="identity",
    does="blocks-reissue",
    stops="new",
    permission="okta.idps.manage",
    settles_within_s=30,
    masks=(end_sessions,),
)
def deactivate_idp(p: Idp, seen: IdpSeen) -> Iterator[Call]:
    """Let nobody in on a foreign identity provider's word. Sessions that it opened go on: follow with end_sessions."""
    if seen.active:
        yield Call.post("/api/v1/idps/{idp}/lifecycle/deactivate", p)


@deactivate_idp.undo
def _(p: Idp, seen: IdpSeen, before: IdpSeen) -> Iterator[Call]:
    if before.active and not seen.active:
        yield Call.post("/api/v1/idps/{idp}/lifecycle/activate", p)
