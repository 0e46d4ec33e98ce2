"""The permissions of our App's installation, as a manifest takes them and as the answer with its token says them.

Source: docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app (`permissions`),
/apps/sharing-github-apps/registering-a-github-app-from-a-manifest (`default_permissions`), and
/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps (`X-OAuth-Scopes`, of classic tokens alone).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from connectors.core import Held, Reader, Rights
from connectors.github.base import github, github_app, github_oauth, words

LEVELS = ("read", "write", "admin")


def _covers(given: str, wanted: str) -> bool:
    name, _, level = given.partition(": ")
    other, _, least = wanted.partition(": ")
    return name == other and LEVELS.index(level) >= LEVELS.index(least)


def _manifest(names: Sequence[str]) -> str:
    return json.dumps(dict(name.split(": ") for name in names), indent=2)


PERMISSIONS = Rights(
    "GitHub App permissions",
    "the App's settings > Permissions & events, or default_permissions of its manifest; an owner accepts them",
    re.compile(r"[a-z]+(_[a-z]+)*: (read|write|admin)"),
    _manifest,
    _covers,
    always=("metadata: read",),
)


@github.credential(PERMISSIONS)
async def held(read: Reader) -> Held:
    """The permissions of the installation that we work as. A classic token has scopes, each wider than any of them."""
    minted = await read.minted()
    if minted is not None and minted[1]:
        names = frozenset(name for name in words(minted[1].get("permissions")) if PERMISSIONS.name.fullmatch(name))
        chosen = minted[1].get("repository_selection") == "selected"
        why = "it reaches the repositories alone that were selected for it" if chosen else ""
        return Held("the answer with the installation's token", names, why)
    scopes = (await read.headers("/rate_limit")).get("x-oauth-scopes")
    if scopes is None:
        return Held(why="GitHub does not tell what a fine-grained token may do: use an App")
    return Held(wide=f"a classic token is bound by scopes alone ({scopes or 'none'}), which are coarse: use an App")


@github_app.credential()
async def held_by_key(_read: Reader) -> Held:
    """Whoever holds an App's key is the App."""
    return Held(why="the key is the App itself: it may whatever the App may, wherever that is installed")


@github_oauth.credential()
async def held_by_secret(_read: Reader) -> Held:
    """Whoever holds a client secret is the app."""
    return Held(why="id and secret are the app itself: they check and end its tokens, and exchange codes for new ones")
