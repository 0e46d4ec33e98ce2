"""The login history: who signed in by which app, when, and from where. Evidence, and the proof that nobody comes back.

Source: Object Reference, "LoginHistory": six months of it, seen whole by who has `ManageUsers`. A sign-in stands there
after moments, not at once. `Application` is no field to filter by, so it is told apart here.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from ipaddress import ip_address, ip_network
from typing import Any

from pydantic import AwareDatetime

from connectors.core import Params, Person, Reader, State, Unseen, UsedAt, UsedFrom, Volatile
from connectors.salesforce.apps import App, may
from connectors.salesforce.soql import SalesforceId, moment, rows
from connectors.salesforce.system import salesforce

LOGIN = "SELECT Id, UserId, LoginTime, SourceIp, Status, Application, LoginType FROM LoginHistory"


class Login(Params):
    """One sign-in, by the id of its record."""

    login: SalesforceId


class LoginSeen(State):
    """Whether it got in, by which app, as whom, when and from where."""

    succeeded: bool
    app: str = ""
    kind: str = ""
    user: Volatile[Person[str]] = ""
    address: Volatile[UsedFrom[str]] = ""
    at: Volatile[UsedAt[str]] = ""


class Logins(Params):
    """The sign-ins by one app since a time; those from `known` addresses or networks left out."""

    app: str
    since: AwareDatetime
    known: tuple[str, ...] = ()


class LoginLogSeen(State):
    """That everybody's sign-ins are to be seen."""

    whole: bool


def _login(row: Any) -> LoginSeen:
    return LoginSeen(
        succeeded=row["Status"] == "Success",
        app=row["Application"] or "",
        kind=row["LoginType"] or "",
        user=row["UserId"],
        address=row["SourceIp"] or "",
        at=moment(row["LoginTime"]),
    )


def _is_known(address: str, known: tuple[str, ...]) -> bool:
    """Whether an address is one of those. What is no address (`Salesforce.com IP`) is a stranger's."""
    with contextlib.suppress(ValueError):
        found = ip_address(address)
        return any(found in ip_network(one, strict=False) for one in known)
    return False


@salesforce.look(permission="ManageUsers")
async def login_log(read: Reader, _p: App) -> LoginLogSeen:
    """Whether our credential sees everybody's sign-ins: without, the log is its own alone, and never empty of strangers."""
    await may(read, "ManageUsers", "everybody's sign-ins")
    return LoginLogSeen(whole=True)


@salesforce.look(permission="ManageUsers")
async def login(read: Reader, p: Login) -> LoginSeen:
    """One sign-in."""
    async for row in rows(read, LOGIN + " WHERE Id = {login}", login=p.login):
        return _login(row)
    raise Unseen(f"sign-in {p.login}", "it is not listed", "Is the id right? Ours needs: ManageUsers")


@salesforce.find(of=login, permission="ManageUsers", control=login_log)
async def find_logins(read: Reader, p: Logins) -> AsyncIterator[tuple[Login, LoginSeen]]:
    """Every sign-in by an app since a time, that succeeded or not, but from addresses that are known."""
    async for row in rows(read, LOGIN + " WHERE LoginTime >= {since} ORDER BY LoginTime", since=p.since):
        seen = _login(row)
        if seen.app == p.app and not _is_known(seen.address, p.known):
            yield Login(login=row["Id"]), seen
