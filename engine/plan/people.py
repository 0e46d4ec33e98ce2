"""Whom a plan does not tell, and does not ask: the channel that the attacker reads, the person whose account is cut off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from engine.state import Live
from inventory.model import Config

ASKED_ROLES = frozenset({"approver", "commander"})


def not_told(live: Live) -> list[dict[str, str]]:
    """Messages that ride on a system within the radius: whoever is in there reads along, or it is cut off itself."""
    if live.config is None:
        return []
    inside = _radius(live)
    found = []
    for name, bound in live.bound.items():
        if bound.kind == "message" and (home := _home(live.config, bound.connection)) in inside:
            why = f"{bound.connection} rides on {home}, which the attacker may read or this plan cuts off"
            found.append({"step": name, "connection": bound.connection, "why": why})
    return found


def _radius(live: Live) -> set[str]:
    assert live.config is not None
    names = {bound.connection for bound in live.bound.values() if bound.kind in {"hold", "cut"}}
    names |= {str(one["at"]) for one in live.run.opened.get("footholds", {}).values() if one.get("sure", True)}
    return {_home(live.config, name) for name in names} - {""}


def _home(config: Config, connection: str) -> str:
    """The host that a connection leads to; of the practice company, the system in it."""
    entry = config.connections.get(connection)
    if entry is None:
        return ""
    if entry.url.startswith("sandbox:"):
        return f"sandbox:/{entry.url.removeprefix('sandbox:/').partition('/')[0]}"
    return urlsplit(entry.url).hostname or ""


def not_asked(config: Config | None, accounts: Iterable[str]) -> list[dict[str, Any]]:
    """People who could approve and are targets themselves: [{account, roles}]. They are told nothing either.

    By the account, not the name: the record holds no people's names in the clear.
    """
    known: Mapping[str, Any] = getattr(config, "people", None) or {}
    targets = {account.casefold() for account in accounts}
    found = []
    for person in known.values():
        hit = sorted(account for account in person.accounts if account.casefold() in targets)
        if hit:
            roles = sorted(set(person.roles) & ASKED_ROLES)
            found.append({"account": hit[0], "roles": roles})
    return sorted(found, key=lambda one: str(one["account"]))
