"""The company's firewall: which addresses pass each path. A change lags."""

from __future__ import annotations

import ipaddress
from typing import Any

from sandbox.ask import Answer, Ask, Handler, Refuse, admit, named, own_key, page
from sandbox.things import Path, Rule
from sandbox.world import World


def find_path(world: World, ask: Ask) -> Path:
    """Find the path that the request names."""
    return named(world, ask, "firewall_key", "path", world.paths)


def show(path: Path, ask: Ask) -> dict[str, Any]:
    """Show a path's rule, and the app that it was opened for."""
    rule = path.rule.look(ours=ask.ours)
    return {
        "path": path.name,
        "mode": rule.mode,
        "addresses": list(rule.addresses),
        "version": path.rule.version,
        "for": path.app,
    }


def paths(world: World, ask: Ask) -> Answer:
    """List the paths, a page at a time, in the order of their names."""
    admit(world, ask, "firewall_key")
    ids, after = page(ask, world.paths)
    return Answer(body={"items": [show(world.paths[each], ask) for each in ids], "next": after})


def read_path(world: World, ask: Ask) -> Answer:
    """Show a path as it is now."""
    return Answer(body=show(find_path(world, ask), ask))


def write_path(world: World, ask: Ask) -> Answer:
    """Set who passes a path."""
    path = find_path(world, ask)
    body = ask.json()
    mode, addresses = body.get("mode"), body.get("addresses", [])
    if mode not in {"any", "only"}:
        raise Refuse(422, "mode is any or only")
    if not isinstance(addresses, list) or not all(isinstance(each, str) for each in addresses):
        raise Refuse(422, "addresses is a list of strings")
    for each in addresses:
        try:
            ipaddress.ip_network(each, strict=False)
        except ValueError as error:
            raise Refuse(422, "addresses holds IP addresses and networks") from error
    rule = Rule(mode, tuple(addresses))
    return Answer(body={"ok": True}, effect=lambda: path.rule.change(rule, world.options.lag_s))


MAY = ("firewall.manage", "firewall.read")
"""What the company's own key may do here."""

ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", "/firewall/me", own_key("firewall_key", *MAY)),
    ("GET", "/firewall/paths", paths),
    ("GET", "/firewall/paths/{path}", read_path),
    ("PUT", "/firewall/paths/{path}", write_path),
]
