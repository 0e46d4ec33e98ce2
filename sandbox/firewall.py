"""The company's firewall: which addresses pass each path. A change lags."""

from __future__ import annotations

import ipaddress

from sandbox.ask import Answer, Ask, Handler, Refuse, admit
from sandbox.things import Path, Rule
from sandbox.world import World


def find_path(world: World, ask: Ask) -> Path:
    """Find the path that the request names."""
    admit(world, ask, "firewall_key")
    path = world.paths.get(ask.params["path"])
    if path is None:
        raise Refuse(404, "no such path")
    return path


def read_path(world: World, ask: Ask) -> Answer:
    """Show a path as it is now."""
    path = find_path(world, ask)
    rule = path.rule.look(ours=ask.ours)
    body = {"path": path.name, "mode": rule.mode, "addresses": list(rule.addresses), "version": path.rule.version}
    return Answer(body=body)


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


ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", "/firewall/paths/{path}", read_path),
    ("PUT", "/firewall/paths/{path}", write_path),
]
