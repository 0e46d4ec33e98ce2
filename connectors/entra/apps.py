"""Switch an app off: a vendor's in our tenant (its service principal), or our own everywhere (its registration).

Neither ends a token that was issued. An app of Microsoft's own can be switched off too; what it takes along is on you.
Source: learn.microsoft.com/graph/api/serviceprincipal-update, application-update, entra deactivate-app-registration.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.core import Call
from connectors.entra.consents import remove_grant
from connectors.entra.credentials import remove_credential
from connectors.entra.graph import LIVES_ON, SETTLES_S, TOKEN_LIVES_S, WRITES, App, Principal, entra
from connectors.entra.objects import AppSeen, PrincipalSeen, app, principal, refuse_own


@entra.action(
    sees=principal,
    layer="application",
    does=("blocks-reissue", "kills-refresh", "kills-access"),
    stops="new",
    permission=WRITES,
    settles_within_s=SETTLES_S,
    residual=LIVES_ON,
    residual_s=TOKEN_LIVES_S,
    masks=(remove_grant, remove_credential),
)
def disable_principal(p: Principal, seen: PrincipalSeen) -> Iterator[Call]:
    """Stop an app from getting tokens in our tenant, for anybody and by any credential. Issued ones live on."""
    if seen.enabled:
        refuse_own(seen.own, f"switch off {p.principal}")
        yield Call.patch("/servicePrincipals/{principal}", p, json={"accountEnabled": False})


@disable_principal.undo
def _(p: Principal, seen: PrincipalSeen, before: PrincipalSeen) -> Iterator[Call]:
    if before.enabled and not seen.enabled:
        yield Call.patch("/servicePrincipals/{principal}", p, json={"accountEnabled": True})


@entra.action(
    sees=app,
    layer="application",
    does=("blocks-reissue", "kills-refresh", "kills-access"),
    stops="new",
    permission=WRITES,
    settles_within_s=SETTLES_S,
    residual=LIVES_ON,
    residual_s=TOKEN_LIVES_S,
    masks=(remove_credential,),
)
def deactivate_app(p: App, seen: AppSeen) -> Iterator[Call]:
    """Stop an app of ours from getting tokens in every tenant. Its settings and permissions stay; issued tokens live on."""
    if seen.enabled:
        refuse_own(seen.own, f"switch off {p.app}")
        yield Call.patch("/applications/{app}", p, json={"isDisabled": True})


@deactivate_app.undo
def _(p: App, seen: AppSeen, before: AppSeen) -> Iterator[Call]:
    if before.enabled and not seen.enabled:
        yield Call.patch("/applications/{app}", p, json={"isDisabled": False})
