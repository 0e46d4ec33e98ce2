"""Evidence: who signed in by an app, and what was changed by it or on it.

Graph's v1.0 gives the interactive sign-ins of people alone, so sign-ins are read from `/beta` at the same host: there a
filter names the kind (`signInEventTypes`, one at a time). The logs lag by minutes up to hours, need a P1 licence for
sign-ins, and are kept for 7 to 30 days. An empty one proves little.
Source: learn.microsoft.com/graph/api/signin-list, directoryaudit-list, resources/signin, resources/directoryaudit.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from connectors.core import Params, Person, Reader, Shown, ShownAll, State, UsedAt, UsedFrom, Volatile
from connectors.entra.graph import Principal, entra, pages, quoted
from connectors.entra.objects import principal
from connectors.entra.users import User, user

LOGS = "AuditLog.Read.All Directory.Read.All"
SIGN_INS = "//beta/auditLogs/signIns"
AUDITS = "/auditLogs/directoryAudits"
BY_AN_APP = ("servicePrincipal", "nonInteractiveUser", "interactiveUser")
BY_A_PERSON = ("interactiveUser", "nonInteractiveUser")


class SignIn(Params):
    """One sign-in, by its id."""

    sign_in: str


class SignInSeen(State):
    """Whether it succeeded, who and by which app, when and from where."""

    succeeded: bool
    kind: Shown = ""
    app: Shown = ""
    resource: Shown = ""
    credential: Shown = ""
    user: Person[str] = ""
    used_at: UsedAt[str] = ""
    used_from: UsedFrom[str] = ""


class Change(Params):
    """One entry of the audit log, by its id."""

    change: str


class ChangeSeen(State):
    """What was done, by whom, on what, when and from where."""

    activity: Shown
    succeeded: bool
    targets: ShownAll = ()
    by_app: Shown = ""
    by_user: Volatile[Shown] = ""
    done_at: Shown = ""
    done_from: Shown = ""


class PrincipalSince(Principal):
    """A service principal, and from when on."""

    since: datetime


class UserSince(User):
    """A user, and from when on."""

    since: datetime


def _when(moment: datetime) -> str:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _sign_in(item: Any) -> SignInSeen:
    return SignInSeen(
        succeeded=(item.get("status") or {}).get("errorCode") == 0,
        kind=" ".join(item.get("signInEventTypes") or []),
        app=str(item.get("appDisplayName") or item.get("appId") or ""),
        resource=str(item.get("resourceDisplayName") or ""),
        credential=str(item.get("servicePrincipalCredentialKeyId") or item.get("federatedCredentialId") or ""),
        user=str(item.get("userPrincipalName") or ""),
        used_at=str(item.get("createdDateTime") or ""),
        used_from=str(item.get("ipAddress") or ""),
    )


def _change(item: Any) -> ChangeSeen:
    by = item.get("initiatedBy") or {}
    person, app = by.get("user") or {}, by.get("app") or {}
    targets = item.get("targetResources") or []
    return ChangeSeen(
        activity=item["activityDisplayName"],
        succeeded=item.get("result") == "success",
        targets=tuple(f"{one.get('type') or ''} {one.get('id') or ''}".strip() for one in targets),
        by_app=str(app.get("displayName") or app.get("appId") or ""),
        by_user=str(person.get("userPrincipalName") or person.get("id") or ""),
        done_at=str(item.get("activityDateTime") or ""),
        done_from=str(person.get("ipAddress") or ""),
    )


@entra.look(permission=LOGS)
async def sign_in(read: Reader, p: SignIn) -> SignInSeen:
    """One sign-in."""
    return _sign_in(await read.get(SIGN_INS + "/{sign_in}", p))


@entra.look(permission=LOGS)
async def change(read: Reader, p: Change) -> ChangeSeen:
    """One entry of the audit log."""
    return _change(await read.get(AUDITS + "/{change}", p))


async def _sign_ins(
    read: Reader, whose: str, kinds: tuple[str, ...], since: datetime
) -> AsyncIterator[tuple[SignIn, SignInSeen]]:
    for kind in kinds:
        of = f"signInEventTypes/any(t: t eq {quoted(kind)})"
        query = {"$filter": f"createdDateTime ge {_when(since)} and {whose} and {of}"}
        async for item in pages(read, SIGN_INS, None, query):
            yield SignIn(sign_in=item["id"]), _sign_in(item)


async def _changes(read: Reader, what: str, since: datetime) -> AsyncIterator[tuple[Change, ChangeSeen]]:
    query = {"$filter": f"activityDateTime ge {_when(since)} and {what}"}
    async for item in pages(read, AUDITS, None, query):
        yield Change(change=item["id"]), _change(item)


@entra.find(of=sign_in, permission=LOGS, control=principal)
async def sign_ins(read: Reader, p: PrincipalSince) -> AsyncIterator[tuple[SignIn, SignInSeen]]:
    """Every sign-in by an app since a moment: by itself, and in people's names with and without them there."""
    seen = await principal(read, Principal(principal=p.principal))
    async for pair in _sign_ins(read, f"appId eq {quoted(seen.app_id)}", BY_AN_APP, p.since):
        yield pair


@entra.find(of=sign_in, permission=LOGS, control=user)
async def user_sign_ins(read: Reader, p: UserSince) -> AsyncIterator[tuple[SignIn, SignInSeen]]:
    """Every sign-in of a person since a moment, by whatever app."""
    seen = await user(read, User(user=p.user))
    async for pair in _sign_ins(read, f"userId eq {quoted(seen.number)}", BY_A_PERSON, p.since):
        yield pair


@entra.find(of=change, permission=LOGS, control=principal)
async def changes_by(read: Reader, p: PrincipalSince) -> AsyncIterator[tuple[Change, ChangeSeen]]:
    """Everything that an app changed in the directory since a moment: what it planted to come back by."""
    seen = await principal(read, Principal(principal=p.principal))
    async for pair in _changes(read, f"initiatedBy/app/appId eq {quoted(seen.app_id)}", p.since):
        yield pair


@entra.find(of=change, permission=LOGS, control=principal)
async def changes_to(read: Reader, p: PrincipalSince) -> AsyncIterator[tuple[Change, ChangeSeen]]:
    """Everything that was changed on a service principal since a moment: secrets, roles and consents it was given."""
    async for pair in _changes(read, f"targetResources/any(t: t/id eq {quoted(p.principal)})", p.since):
        yield pair
