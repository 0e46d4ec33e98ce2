"""Let nobody into an app that admits only whom an administrator approved: take its permission set assignments away.

Removing them would not stop an app that anybody may let in for themselves, nor what a profile or a permission set group
lets in: both are said, never passed over. Live tokens go on: follow with revoke_token.
Source: Object Reference, "PermissionSetAssignment" (create, delete); REST API Developer Guide, "sObject Rows".
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.core import Call, Impossible, Params
from connectors.salesforce.apps import AdmittedSeen, App, admitted
from connectors.salesforce.soql import SalesforceId
from connectors.salesforce.system import salesforce
from connectors.salesforce.tokens import revoke_token


class _Assignment(Params):
    row: SalesforceId


@salesforce.action(
    sees=admitted,
    layer="application",
    does="blocks-reissue",
    stops="new",
    permission="AssignPermissionSets",
    settles_within_s=10,
    masks=(revoke_token,),
)
def admit_nobody(p: App, seen: AdmittedSeen) -> Iterator[Call]:
    """Take away who is let into an app. One that anybody may let in is blocked by hand. Live tokens go on."""
    tried = f"let nobody into {p.app[:80]!r}"
    if not seen.admin_only:
        came = "it admits whoever lets it in, approved or not"
        raise Impossible(tried, came, "Block it by hand: Setup > Connected Apps OAuth Usage > Block")
    if seen.others and not seen.assigned:
        came = f"profiles or permission set groups let people in: {', '.join(seen.others)[:200]}"
        raise Impossible(tried, came, "Take the app off them by hand, or block it")
    for _, row in zip(seen.assigned, seen.rows, strict=True):
        yield Call.delete("/sobjects/PermissionSetAssignment/{row}", _Assignment(row=row))


@admit_nobody.undo
def _(p: App, seen: AdmittedSeen, before: AdmittedSeen) -> Iterator[Call]:
    for one in before.assigned:
        if one not in seen.assigned:
            permission_set, _, user = one.partition("/")
            body = {"AssigneeId": user, "PermissionSetId": permission_set}
            yield Call.post("/sobjects/PermissionSetAssignment", p, json=body)
