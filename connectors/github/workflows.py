"""GitHub Actions: switch workflows off in an organisation or one repository.

Runs that are under way are not stopped by it. Which actions are allowed (`allowed_actions`, and whether by their commit
alone) goes back as it was, since GitHub does not say whether it keeps that meanwhile; the list behind `selected` is left as
it is. The repositories behind `selected` are read and given back by paths that GitHub's trimmed description here
does not have: docs.github.com/rest/actions/permissions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.core import Call, Params, Reader, State, Volatile
from connectors.github.base import Place, at, github, pages

PERMISSION = "organization_administration: write, administration: write"
"""The first for an organisation's, the second for a repository's."""
JOB_S = 5 * 24 * 3600
"""How long one job may run, on a machine of one's own: 5 days (docs.github.com/actions/reference/limits)."""


class Actions(Params):
    """An organisation's or a repository's workflows."""

    actions_of: Place


class ActionsSeen(State):
    """Where they run: `all`, `selected` repositories, `none`; a repository has `all` or `none`.

    Attributes:
        allowed: which actions they may use; "" while they are off. pinned: only by a commit; None where it is not said.
    """

    enabled: str
    repositories: tuple[int, ...] = ()
    allowed: Volatile[str] = ""
    pinned: Volatile[bool | None] = None

    def kept(self) -> dict[str, Any]:
        """What goes along when they are switched on again."""
        allowed = {"allowed_actions": self.allowed} if self.allowed else {}
        return allowed | ({} if self.pinned is None else {"sha_pinning_required": self.pinned})


@github.look(permission=PERMISSION.replace("write", "read"))
async def actions(read: Reader, p: Actions) -> ActionsSeen:
    """Whether workflows run there."""
    path, place = at(p.actions_of)
    seen = await read.get(path + "/actions/permissions", place)
    kept = {"allowed": str(seen.get("allowed_actions") or ""), "pinned": seen.get("sha_pinning_required")}
    if place.repo:
        return ActionsSeen(enabled="all" if seen["enabled"] else "none", **kept)
    if seen["enabled_repositories"] != "selected":
        return ActionsSeen(enabled=seen["enabled_repositories"], **kept)
    chosen = pages(read, path + "/actions/permissions/repositories", place, inside="repositories")
    return ActionsSeen(enabled="selected", repositories=tuple(sorted([item["id"] async for item in chosen])), **kept)


@github.action(
    sees=actions,
    layer="application",
    does="closes-path",
    stops="new",
    permission=PERMISSION,
    settles_within_s=60,
    residual="runs that are under way end by themselves, or are cancelled one by one",
    residual_s=JOB_S,
)
def disable_actions(p: Actions, seen: ActionsSeen) -> Iterator[Call]:
    """Let no workflow begin, in an organisation or one repository: nobody gets at their secrets by a changed workflow."""
    path, place = at(p.actions_of)
    if seen.enabled != "none":
        off = {"enabled": False} if place.repo else {"enabled_repositories": "none"}
        yield Call.put(path + "/actions/permissions", place, json=off)


@disable_actions.undo
def _(p: Actions, seen: ActionsSeen, before: ActionsSeen) -> Iterator[Call]:
    path, place = at(p.actions_of)
    if seen.enabled != before.enabled:
        was = {"enabled": before.enabled != "none"} if place.repo else {"enabled_repositories": before.enabled}
        yield Call.put(path + "/actions/permissions", place, json=was | before.kept())
    elif seen.repositories != before.repositories:
        chosen = {"selected_repository_ids": list(before.repositories)}
        yield Call.put(path + "/actions/permissions/repositories", place, json=chosen)
