"""Whom a plan does not tell, and does not ask: the channel that the attacker reads, the person whose account is cut off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from engine.state import Live
from inventory.model import Config

SLACK, SLACK_HOSTS = "slack", ("slack.com", "slack-gov.com")
ASKED_ROLES = frozenset({"approver", "commander"})


def not_told(live: Live) -> list[dict[str, str]]:
    """Messages that ride on a system within the radius: whoever is in there reads along, or it is cut off itself."""
    if live.config is None:
        return []
    inside = _radius(live)
    found = []
    if why := slack_inside(live.config, _connections(live, sure=False)):
        found.append({"step": SLACK, "connection": SLACK, "why": why})
    for name, bound in live.bound.items():
        if bound.kind == "message" and (home := _home(live.config, bound.connection)) in inside:
            why = f"{bound.connection} rides on {home}, which the attacker may read or this plan cuts off"
            found.append({"step": name, "connection": bound.connection, "why": why})
    return found


def _radius(live: Live) -> set[str]:
    assert live.config is not None
    return {_home(live.config, name) for name in _connections(live, sure=True)} - {""}


def _connections(live: Live, *, sure: bool) -> set[str]:
    names = {bound.connection for bound in live.bound.values() if bound.kind in {"hold", "cut"}}
    footholds = live.run.opened.get("footholds", {}).values()
    return names | {str(one["at"]) for one in footholds if not sure or one.get("sure", True)}


def slack_inside(config: Config, connections: Iterable[str]) -> str:
    """Why nothing of an incident on these connections is said in Slack; "" where nothing speaks against it.

    Slack itself may be what was breached, or what people sign in to it with. A foothold that is only likely counts.
    """
    if config.slack is None:
        return ""
    rides = set(config.slack.rides_on)
    homes = {_home(config, name) for name in rides} - {""}
    for name in sorted(connections):
        entry = config.connections.get(name)
        if entry is None:
            continue
        home = _home(config, name)
        if entry.system == SLACK or home in SLACK_HOSTS or home.endswith(tuple(f".{host}" for host in SLACK_HOSTS)):
            return f"{name} is Slack itself, where the attacker may read along"
        if name in rides or entry.system in rides or home in homes:
            return f"Slack rides on {name}, which the attacker may hold or this plan cuts off"
    return ""


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
