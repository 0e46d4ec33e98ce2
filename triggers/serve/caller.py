"""Who calls the API: a person by their own bearer token, or the command line of this machine by the handshake's."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from journal.errors import JournalError
from triggers.house.saying import not_theirs
from triggers.serve.problems import Failed

if TYPE_CHECKING:
    from inventory.proof import Sayer
    from triggers.house import House

Scope = Literal["read", "act", "decide", "take"]
"""`read`: look on. `act`: plan, start, stop, go on, recover, note, attest, retry. `decide`: approve, object, review.
`take`: have a run taken up that was let go; for the command line of this machine."""
OF_ROLE: dict[str, frozenset[Scope]] = {
    "auditor": frozenset({"read"}),
    "responder": frozenset({"read", "act", "decide"}),
    "approver": frozenset({"read", "act", "decide"}),
    "commander": frozenset({"read", "act", "decide"}),
}
"""What a role may ask for at all. Whether a decision counts, the rules of the wall say (`engine.approvals.rules`)."""
LOCAL: frozenset[Scope] = frozenset({"read", "take"})
LONGEST = 1000

bearer = HTTPBearer(
    auto_error=False, scheme_name="person",
    description="Your own token (`ringfence person token`). Scopes by role: auditor read; others read, act, decide.",
)  # fmt: skip


@dataclass(frozen=True)
class Caller:
    """Who asks, and what their roles let them ask for."""

    sayer: Sayer
    scopes: frozenset[Scope]


async def calling(
    request: Request, wanted: SecurityScopes, given: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]
) -> Caller:
    """Whoever the token is of. 401 where it is nobody's, 403 where their roles do not go so far."""
    token = given.credentials.strip() if given is not None else ""
    house: House = request.app.state.house
    caller = await asyncio.to_thread(_known, house, str(request.app.state.token), token)
    if caller is None:
        raise Failed(
            401, "unknown", "Nobody's token", "Give your own token: `Authorization: Bearer rfp_...`. Nothing was done.",
            WWW_Authenticate="Bearer",
        )  # fmt: skip
    if missing := [scope for scope in wanted.scopes if scope not in caller.scopes]:
        await _record(request, house, caller, missing)
        roles = " and ".join(sorted(caller.sayer.roles)) or "without a role"
        raise Failed(
            403, "no-role", "Not by this person",
            f"{caller.sayer.name or caller.sayer.by} is {roles}: that does not reach to `{missing[0]}`. Nothing was done.",
        )  # fmt: skip
    return caller


def _known(house: House, local: str, token: str) -> Caller | None:
    if not token or len(token) > LONGEST:
        return None
    if hmac.compare_digest(token.encode("utf-8", "replace"), local.encode()):
        from inventory.proof import of_os

        sayer = of_os(house.inventory.config.people, f"os:{getpass.getuser()}")
        return Caller(sayer, LOCAL)
    sayer_ = house.who(token=token)
    if sayer_ is None:
        return None
    scopes = frozenset[Scope]().union(*(OF_ROLE.get(role, frozenset()) for role in sayer_.roles))
    return Caller(sayer_, scopes)


async def _record(request: Request, house: House, caller: Caller, missing: list[str]) -> None:
    """Somebody asked for what their role does not reach to: it stands in the record."""
    what, run = request.url.path.rpartition("/")[2][:40], str(request.path_params.get("run", ""))
    why = f"{caller.sayer.name or caller.sayer.by} has no role that reaches to `{missing[0]}`."
    with contextlib.suppress(JournalError):
        await not_theirs(house.journal, caller.sayer.by, what, why, run)


Reading = Annotated[Caller, Security(calling, scopes=["read"])]
Acting = Annotated[Caller, Security(calling, scopes=["act"])]
Deciding = Annotated[Caller, Security(calling, scopes=["decide"])]
Taking = Annotated[Caller, Security(calling, scopes=["take"])]
SCOPES: tuple[str, ...] = get_args(Scope)
